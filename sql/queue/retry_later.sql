create or replace function queue.retry_later(p_item data.queue_item, p_actor text, p_now timestamptz, p_reason text)
returns data.queue_item
language plpgsql volatile set search_path = ''
as $$
-- Try a failed item again, after its backoff.
--
-- Arguments:
--   item    locked; its last claim has ended with outcome FAILED and keeps what it had answered
--   reason  in capitals, for the trace
-- Returns:
--   the item after the change: PENDING, and held until its time
-- Rules:
--   The item's own backoff, else the queue's. The retry uses the next attempt.
declare
    v_item    data.queue_item := p_item;
    v_delay   interval;
begin
    select queue.backoff_delay(coalesce(p_item.backoff, policy.backoff), p_item.retry_count)
    into v_delay
    from data.queue_policy as policy
    where policy.company_id = p_item.company_id
      and policy.policy_id = p_item.policy_id;

    v_item.retry_count := p_item.retry_count + 1;
    v_item := queue.wait_again(v_item, p_now + v_delay, p_now);
    perform data.record_event(v_item, 'RETRY_SCHEDULED', p_actor, p_now, format('attempt %s failed (%s): retry %s of %s in %s s',
        v_item.attempt, p_reason, v_item.retry_count, v_item.retries, round(extract(epoch from v_delay), 3)));
    return v_item;
end;
$$;
