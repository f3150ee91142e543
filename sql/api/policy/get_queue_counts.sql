create or replace function api.get_queue_counts(p_team_name data.name_list default null, p_queue_name text default null)
returns table (
    team_name       text,
    queue_name      text,
    waiting_count   bigint,
    held_count      bigint,
    running_count   bigint,
    completed_count bigint,
    failed_count    bigint,
    cancelled_count bigint)
language plpgsql volatile security definer set search_path = ''
as $$
-- How many items the queues of teams hold now, by what has become of them.
--
-- Callers: users
-- Arguments:
--   teamName   names, separated by commas; left out: every team of the caller
--   queueName  only the queues of this name
-- Returns:
--   1: a row per queue, by team and name. waitingCount is of items that an agent may have, heldCount of those that wait for a time or
--      for other items, runningCount of those in agents' hands; the others have finished, and are still kept
-- Errors:
--   JB403  a team named is not the caller's
-- Rules:
--   A team that the company does not have, or a queue that the team does not have, has no row.
--   All is counted, by indexes alone. A deleted queue is counted under its name as long as items of it are kept.
#variable_conflict use_column
declare
    v_caller   auth.caller := auth.enter_call();
    v_team_ids bigint[] := auth.named_teams(v_caller, p_team_name);
begin
    return query
    select min(team.team_name)::text, (array_agg(policy.queue_name order by policy.removed_time desc nulls first))[1]::text,
           sum(load.waiting)::bigint, sum(load.held)::bigint, sum(load.running)::bigint, sum(ended.completed)::bigint,
           sum(ended.failed)::bigint, sum(ended.cancelled)::bigint
    from data.team as team
    join data.queue_policy as policy on policy.company_id = team.company_id and policy.team_id = team.team_id
    cross join lateral queue.policy_load(policy.company_id, policy.policy_id, null) as load
    cross join lateral queue.policy_ends(policy.company_id, policy.policy_id) as ended
    where team.company_id = v_caller.company_id
      and team.team_id = any(v_team_ids)
      and (p_queue_name is null or lower(policy.queue_name) = lower(p_queue_name))
    group by team.team_id, lower(policy.queue_name)
    having bool_or(policy.removed_time is null) or sum(ended.completed + ended.failed + ended.cancelled) > 0
    order by lower(min(team.team_name)), lower(policy.queue_name);
end;
$$;
