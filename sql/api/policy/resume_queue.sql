create or replace function api.resume_queue(p_team_name text, p_queue_name text)
returns setof data.listed_queue
language plpgsql volatile security definer set search_path = ''
as $$
-- Let the items of a paused queue start again.
--
-- Callers: users
-- Arguments:
--   teamName   a team of the caller
--   queueName  a queue of that team
-- Returns:
--   1: the queue, one row
-- Errors:
--   JB403  the team is not the caller's
--   JB404  the company has no such team, or the team no such queue
-- Rules:
--   A queue that is not paused stays as it is.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_team   data.team := auth.require_team(v_caller, p_team_name);
    v_policy data.queue_policy := queue.lock_policy(v_caller, v_team, p_queue_name);
begin
    update data.queue_policy as policy
    set paused_time = null,
        paused_by = null,
        pause_reason = null
    where policy.company_id = v_caller.company_id
      and policy.policy_id = v_policy.policy_id
    returning policy.* into v_policy;
    perform auth.audit(v_caller, v_now, 'Resumed', 'Queue', v_policy.policy_uuid, v_policy.queue_name,
        format('in team %s', v_team.team_name));

    return next queue.show_policy(v_policy, v_team.team_name, array['queue:' || v_policy.policy_id]);
end;
$$;
