create or replace function queue.take_back(
    p_company_id  bigint,
    p_policy_ids  bigint[],
    p_reason      data.failure_reason,
    p_now         timestamptz,
    out recovered integer,
    out requeued  integer,
    out failed    integer)
language plpgsql volatile set search_path = ''
as $$
-- Take from their agents the items of a company whose lease has run out, or whose attempt has run a minute longer than its
-- timeout; 1,000 at most.
--
-- Arguments:
--   policy_ids  only items of these queues; null: of every one
--   reason      LOST or TIMEOUT: which of the two
-- Returns:
--   recovered  how many were taken back; of these,
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
          and item.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING')
          and case p_reason
              when 'LOST' then item.lease_until < p_now
              else item.status <> 'ASSIGNED' and item.deadline_time < p_now - interval '1 minute'
          end
          and (p_policy_ids is null or item.policy_id = any(p_policy_ids))
        order by item.queue_id
        limit 1000
        for update skip locked
    loop
        if p_reason = 'LOST' then
            perform queue.put_back(v_item, 'LOST', 'broker', p_now, format('lease of attempt %s lost', v_item.attempt));
        else
            perform queue.time_out(v_item, p_now);
        end if;
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
