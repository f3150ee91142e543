create or replace function api.get_dead_letters(
    p_team_name   data.name_list default null,
    p_status      data.dead_letter_status default null,
    p_max_records integer default 100)
returns setof data.listed_dead_letter
language plpgsql volatile security definer set search_path = ''
as $$
-- The dead letters of teams: what has failed for good, and what became of it.
--
-- Callers: users
-- Arguments:
--   teamName    names, separated by commas; left out: every team of the caller
--   status      only PENDING, RESOLVED (retried) or DISCARDED ones
--   maxRecords  1 to 1000, default 100
-- Returns:
--   1: the dead letters, newest first; title is that of the item's metadata; attempts: how many were used
-- Errors:
--   JB400  maxRecords is out of range
--   JB403  a team named is not the caller's
-- Rules:
--   The requesting user must be a member of all specified teams; a name that the company does not have is ignored.
declare
    v_caller   auth.caller := auth.enter_call();
    v_team_ids bigint[];
begin
    if p_max_records not between 1 and 1000 then
        raise exception using errcode = 'JB400', message = format('maxRecords is %s: 1 to 1,000 are possible', p_max_records);
    end if;
    v_team_ids := auth.named_teams(v_caller, p_team_name);

    return query
    select letter.dead_letter_id, letter.queue_id, item.task_id, item.metadata ->> 'title', letter.status, item.attempt,
           item.failure_reason, letter.created_time, letter.settled_time, letter.settled_by, team.team_name::text,
           policy.queue_name::text, coalesce(machine.machine_name, machine.removed_name)::text
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
            limit p_max_records) as chosen
        order by chosen.dead_letter_id desc
        limit p_max_records) as letter
    join data.queue_item as item on item.company_id = letter.company_id and item.queue_id = letter.queue_id
    join data.team as team on team.company_id = letter.company_id and team.team_id = letter.team_id
    join data.queue_policy as policy on policy.company_id = item.company_id and policy.policy_id = item.policy_id
    left join data.machine as machine on machine.company_id = item.company_id and machine.machine_id = item.machine_id
    order by letter.dead_letter_id desc;
end;
$$;
