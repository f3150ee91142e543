create or replace function api.get_dead_letters(
    p_team_name      data.name_list default null,
    p_status         data.dead_letter_status default null,
    p_max_records    integer default 100,
    p_offset         integer default 0,
    p_include_vaults boolean default false)
returns table (
    dead_letter_id         bigint,
    queue_id               bigint,
    task_id                uuid,
    title                  text,
    status                 data.dead_letter_status,
    attempts               integer,
    failure_reason         data.failure_reason,
    created_time           timestamptz,
    settled_time           timestamptz,
    settled_by             text,
    team_name              text,
    queue_name             text,
    machine_name           text,
    vault_content          data.vault,
    vault_content_response data.vault)
language plpgsql volatile security definer set search_path = ''
as $$
-- The dead letters of teams: what has failed for good, and what became of it.
--
-- Callers: users
-- Counts: get_dead_letter_counts
-- Arguments:
--   teamName       names, separated by commas; left out: every team of the caller
--   status         only PENDING, RESOLVED (retried) or DISCARDED ones
--   maxRecords     1 to 1000, default 100
--   offset         0 to 10000: how many of the newest are left out, default 0
--   includeVaults  true: with the item's job and response, opened
-- Returns:
--   1: the dead letters, newest first; title is that of the item's metadata; attempts: how many were used
--   2: how many there are, whatever maxRecords and offset
-- Errors:
--   JB400  maxRecords or offset is out of range
--   JB403  a team named is not the caller's
-- Rules:
--   The requesting user must be a member of all specified teams; a name that the company does not have is ignored.
#variable_conflict use_column
declare
    v_caller   auth.caller := auth.enter_call();
    v_team_ids bigint[];
begin
    if p_max_records not between 1 and 1000 then
        raise exception using errcode = 'JB400', message = format('maxRecords is %s: 1 to 1,000 are possible', p_max_records);
    end if;
    if p_offset not between 0 and 10000 then
        raise exception using errcode = 'JB400', message = format('offset is %s: 0 to 10,000 are possible', p_offset);
    end if;
    v_team_ids := auth.named_teams(v_caller, p_team_name);

    return query
    select letter.dead_letter_id, letter.queue_id, item.task_id, item.metadata ->> 'title', letter.status, item.attempt,
           item.failure_reason, letter.created_time, letter.settled_time, letter.settled_by, team.team_name::text,
           policy.queue_name::text, coalesce(machine.machine_name, machine.removed_name)::text,
           data.vault_of(request), data.vault_of(response)
    from (
        select chosen.*
        from unnest(v_team_ids) as mine (team_id)
        cross join lateral (
            select kept.*
            from data.dead_letter as kept
            where kept.company_id = v_caller.company_id
              and kept.team_id = mine.team_id
              and (p_status is null or kept.status = p_status)
            order by kept.dead_letter_id desc
            limit p_offset + p_max_records) as chosen
        order by chosen.dead_letter_id desc
        limit p_max_records
        offset p_offset) as letter
    join data.queue_item as item on item.company_id = letter.company_id and item.queue_id = letter.queue_id
    join data.team as team on team.company_id = letter.company_id and team.team_id = letter.team_id
    join data.queue_policy as policy on policy.company_id = item.company_id and policy.policy_id = item.policy_id
    left join data.machine as machine on machine.company_id = item.company_id and machine.machine_id = item.machine_id
    left join data.vault_record as request
        on p_include_vaults and request.company_id = item.company_id and request.vault_record_id = item.request_vault_id
    left join data.vault_record as response
        on p_include_vaults and response.company_id = item.company_id and response.vault_record_id = item.response_vault_id
    order by letter.dead_letter_id desc;
end;
$$;
