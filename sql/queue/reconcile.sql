create or replace function queue.reconcile(
    p_company_id    bigint,
    p_policy_ids    bigint[],
    p_lost_lane_ids bigint[],
    p_now           timestamptz,
    out recovered   integer,
    out requeued    integer,
    out failed      integer,
    out orphans     integer)
language plpgsql volatile set search_path = ''
as $$
-- Do now for these queues what the sweeps do by the clock, and repair what belongs to nothing any more.
declare
    v_lost    record;
    v_overdue record;
begin
    v_lost := queue.take_back(p_company_id, p_policy_ids, 'LOST', p_now);
    v_overdue := queue.take_back(p_company_id, p_policy_ids, 'TIMEOUT', p_now);
    recovered := v_lost.recovered + v_overdue.recovered;
    requeued := v_lost.requeued + v_overdue.requeued;
    failed := v_lost.failed + v_overdue.failed;
    orphans := queue.close_orphans(p_company_id, p_policy_ids, p_lost_lane_ids, p_now);
end;
$$;
