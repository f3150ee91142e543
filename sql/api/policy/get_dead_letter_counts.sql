create or replace function api.get_dead_letter_counts(
    p_team_name      data.name_list default null,
    p_status         data.dead_letter_status default null,
    p_max_records    integer default 100,
    p_offset         integer default 0,
    p_include_vaults boolean default false)
returns table (
    total_count     bigint,
    pending_count   bigint,
    resolved_count  bigint,
    discarded_count bigint)
language plpgsql volatile security definer set search_path = ''
as $$
-- How many dead letters teams have, by what became of them.
--
-- Callers: users
-- Arguments:
--   teamName       names, separated by commas; left out: every team of the caller
--   status         only PENDING, RESOLVED (retried) or DISCARDED ones are in totalCount
--   maxRecords     changes nothing: all are counted
--   offset         changes nothing
--   includeVaults  changes nothing
-- Returns:
--   1: the counts, one row
-- Errors:
--   JB403  a team named is not the caller's
-- Rules:
--   The requesting user must be a member of all specified teams; a name that the company does not have is ignored.
declare
    v_caller auth.caller := auth.enter_call();
begin
    return query
    select case p_status
               when 'PENDING' then letters.pending_count
               when 'RESOLVED' then letters.resolved_count
               when 'DISCARDED' then letters.discarded_count
               else letters.pending_count + letters.resolved_count + letters.discarded_count
           end,
           letters.pending_count, letters.resolved_count, letters.discarded_count
    from queue.dead_letter_counts(v_caller.company_id, auth.named_teams(v_caller, p_team_name)) as letters;
end;
$$;
