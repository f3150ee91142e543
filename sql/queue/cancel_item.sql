create or replace function queue.cancel_item(
    p_caller   auth.caller,
    p_item     data.queue_item,
    p_reason   text,
    p_now      timestamptz,
    out item   data.queue_item,
    out result text,
    out wake   data.wake)
language plpgsql volatile set search_path = ''
as $$
-- Cancel an item that no agent has started; ask the agent of a started one to stop.
--
-- Arguments:
--   item    locked, and without a hindrance (queue.cancel_hindrance)
-- Returns:
--   item    after the change
--   result  what was done
--   wake    who watches it, and who may take something now: what the item held up in its queue, or what runs anyway after it
begin
    if p_item.status = 'PROCESSING' then
        perform data.record_event(p_item, 'CANCEL_REQUESTED', p_caller.actor, p_now, p_reason);
        update data.queue_item as asked
        set status = 'CANCELLING',
            cancel_requested_time = p_now,
            cancelled_by = p_caller.actor
        where asked.company_id = p_item.company_id
          and asked.queue_id = p_item.queue_id
        returning asked.* into item;
        result := 'asked to stop';
        wake := array[queue.item_key(p_item.company_id, p_item.queue_id)];
        return;
    end if;

    perform data.record_event(p_item, 'CANCELLED', p_caller.actor, p_now, p_reason);
    update data.claim as claim
    set ended_time = p_now,
        outcome = 'CANCELLED'
    where claim.company_id = p_item.company_id
      and claim.queue_id = p_item.queue_id
      and claim.claim_number = p_item.claim_number
      and claim.outcome is null;

    update data.queue_item as ended
    set status = 'CANCELLED',
        held = null,
        lease_seconds = null,
        lease_until = null,
        deadline_time = null,
        stale_time = null,
        finished_time = p_now,
        cancelled_by = p_caller.actor
    where ended.company_id = p_item.company_id
      and ended.queue_id = p_item.queue_id
    returning ended.* into item;
    perform queue.item_ended(item, p_now);
    result := 'cancelled';
    wake := queue.item_key(p_item.company_id, p_item.queue_id) || queue.ended_keys(p_item, p_now)::text[];
end;
$$;
