create or replace function api.get_team_queues(p_team_name data.name_list default null, p_queue_name text default null)
returns setof data.listed_queue
language plpgsql volatile security definer set search_path = ''
as $$
-- List the queues of teams, with their settings and what is in them.
--
-- Callers: users
-- Arguments:
--   teamName   teams of the caller, separated by commas; left out: all of them
--   queueName  only queues of this name
-- Returns:
--   1: the queues by team and name. waitingCount is of items that an agent may have, heldCount of those that wait for a time or for
--      other items, runningCount of those in agents' hands; each is counted up to 10,000
-- Errors:
--   JB403  a team named is not the caller's
-- Rules:
--   Teams that the company does not have are ignored.
declare
    v_caller   auth.caller := auth.enter_call();
    v_team_ids bigint[] := auth.named_teams(v_caller, p_team_name);
begin
    return query
    select shown.*
    from data.team as team
    join data.queue_policy as policy on policy.company_id = team.company_id and policy.team_id = team.team_id
    cross join lateral queue.show_policy(policy, team.team_name) as shown
    where team.company_id = v_caller.company_id
      and team.team_id = any(v_team_ids)
      and policy.removed_time is null
      and (p_queue_name is null or lower(policy.queue_name) = lower(p_queue_name))
    order by lower(team.team_name), lower(policy.queue_name);
end;
$$;
