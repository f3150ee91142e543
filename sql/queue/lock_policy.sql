create or replace function queue.lock_policy(p_caller auth.caller, p_team data.team, p_queue_name text)
returns data.queue_policy
language plpgsql volatile set search_path = ''
as $$
-- The queue of that name in a team of the caller, locked, with the company's gate closed: no claim is under way, and none begins
-- before this transaction has ended. So what the caller is told holds from his answer on.
--
-- Errors:
--   JB404  the team has no such queue
declare
    v_policy data.queue_policy;
begin
    perform queue.close_gate(p_caller.company_id);
    select policy.*
    into v_policy
    from data.queue_policy as policy
    where policy.company_id = p_caller.company_id
      and policy.team_id = p_team.team_id
      and lower(policy.queue_name) = lower(p_queue_name)
      and policy.removed_time is null
    for update;
    if not found then
        raise exception using errcode = 'JB404', message = format(
            'queue %s not found in team %s', left(p_queue_name, 100), p_team.team_name);
    end if;
    return v_policy;
end;
$$;
