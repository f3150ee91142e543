create or replace function api.reconcile_queue(
    p_team_name    data.name_list default null,
    p_queue_name   text default null)
returns table (
    recovered  integer,
    requeued   integer,
    failed     integer,
    orphans    integer)
language plpgsql volatile security definer set search_path = ''
as $$
-- Put queues in order now: take back what agents have lost, and repair what belongs to nothing any more.
--
-- Callers: users
-- Arguments:
--   teamName   names, separated by commas; left out: every team of the caller
--   queueName  only the queues of this name
-- Returns:
--   1: what was done, one row; none when there is no queue to look at. recovered are items taken back whose lease or timeout had
--      run out: requeued of them wait again, failed of them are FAILED, since they may not be tried again. orphans are claims,
--      lanes and dependants that belonged to nothing any more, repaired
-- Errors:
--   JB403  a team named is not the caller's
--   JB404  none of the teams has such a queue
-- Rules:
--   At most 1,000 items of each kind in one call. The brokers do the same by the clock.
declare
    v_caller     auth.caller := auth.enter_call();
    v_now        timestamptz := data.clock();
    v_team_ids   bigint[] := auth.named_teams(v_caller, p_team_name);
    v_policy_ids bigint[];
    v_done       record;
begin
    v_policy_ids := coalesce(queue.named_policies(v_caller.company_id, v_team_ids, p_queue_name), array(
        select policy.policy_id
        from data.queue_policy as policy
        where policy.company_id = v_caller.company_id
          and policy.team_id = any(v_team_ids)));
    if cardinality(v_policy_ids) = 0 then
        return;
    end if;

    v_done := queue.reconcile(v_caller.company_id, v_policy_ids, queue.lost_lanes(), v_now);
    perform auth.audit(v_caller, v_now, 'Reconciled', 'Queue', null, p_queue_name, format(
        '%s taken back, %s requeued, %s failed, %s orphans', v_done.recovered, v_done.requeued, v_done.failed, v_done.orphans));

    return query
    select v_done.recovered, v_done.requeued, v_done.failed, v_done.orphans;
end;
$$;
