create or replace function queue.end_overdue(
    p_company_id  bigint,
    p_policy_ids  bigint[],
    p_now         timestamptz,
    out recovered integer,
    out requeued  integer,
    out failed    integer)
language plpgsql volatile set search_path = ''
as $$
-- End the attempts of a company that have run a minute longer than their timeout, 1,000 at most.
--
-- Arguments:
--   policy_ids  only items of these queues; null: of every one
-- Returns:
--   recovered  how many were taken back from their agents; of these,
--   requeued   those that wait again,
--   failed     those that are FAILED; the others were being cancelled
-- Rules:
--   An item whose agent is speaking right now is locked, and skipped.
declare
    v_item   data.queue_item;
    v_status data.queue_status;
begin
    recovered := 0;
    requeued := 0;
    failed := 0;
    for v_item in
        select item.*
        from data.queue_item as item
        where item.company_id = p_company_id
          and item.status in ('PROCESSING', 'CANCELLING')
          and item.deadline_time < p_now - interval '1 minute'
          and (p_policy_ids is null or item.policy_id = any(p_policy_ids))
        order by item.queue_id
        limit 1000
        for update skip locked
    loop
        perform queue.time_out(v_item, p_now);
        select item.status
        into v_status
        from data.queue_item as item
        where item.company_id = p_company_id
          and item.queue_id = v_item.queue_id;
        recovered := recovered + 1;
        requeued := requeued + (v_status = 'PENDING')::integer;
        failed := failed + (v_status = 'FAILED')::integer;
    end loop;
end;
$$;
