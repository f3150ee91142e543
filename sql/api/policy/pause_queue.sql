create or replace function api.pause_queue(p_team_name text, p_queue_name text, p_reason data.note default null)
returns setof data.listed_queue
language plpgsql volatile security definer set search_path = ''
as $$
-- Let nothing of a queue start until it is resumed.
--
-- Callers: users
-- Arguments:
--   teamName   a team of the caller
--   queueName  a queue of that team
--   reason     why, shown to whoever asks what an item waits for
-- Returns:
--   1: the queue, one row
-- Errors:
--   JB403  the team is not the caller's
--   JB404  the company has no such team, or the team no such queue
-- Rules:
--   After the answer no item of it is handed out any more. What runs goes on, and new items may be queued.
--   A queue that was paused before stays so since then; the newer reason counts.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_team   data.team := auth.require_team(v_caller, p_team_name);
    v_policy data.queue_policy := queue.lock_policy(v_caller, v_team, p_queue_name);
begin
    update data.queue_policy as policy
    set paused_time = coalesce(policy.paused_time, v_now),
        paused_by = v_caller.actor,
        pause_reason = p_reason
    where policy.company_id = v_caller.company_id
      and policy.policy_id = v_policy.policy_id
    returning policy.* into v_policy;
    perform auth.audit(v_caller, v_now, 'Paused', 'Queue', v_policy.policy_uuid, v_policy.queue_name,
        concat_ws(': ', format('in team %s', v_team.team_name), p_reason));

    return next queue.show_policy(v_policy, v_team.team_name);
end;
$$;
