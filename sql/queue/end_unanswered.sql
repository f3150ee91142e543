create or replace function queue.end_unanswered(
    p_item    data.queue_item,
    p_status  data.queue_status,
    p_reason  data.failure_reason,
    p_actor   text,
    p_now     timestamptz,
    p_details text)
returns void
language plpgsql volatile set search_path = ''
as $$
-- End an item that nobody answers any more: FAILED with a reason, or CANCELLED.
--
-- Arguments:
--   item  locked; no claim of it is open; attempt and silent_count as they are to be
declare
    v_item data.queue_item;
begin
    update data.queue_item as item
    set status = p_status,
        attempt = p_item.attempt,
        silent_count = p_item.silent_count,
        held = null,
        lease_seconds = null,
        lease_until = null,
        deadline_time = null,
        stale_time = null,
        finished_time = p_now,
        completion_status = case when p_status = 'FAILED' then 'FAILED'::data.completion_status end,
        failure_reason = case when p_status = 'FAILED' then p_reason end
    where item.company_id = p_item.company_id
      and item.queue_id = p_item.queue_id
    returning item.* into v_item;

    perform data.record_event(v_item, p_status::text::data.event_kind, p_actor, p_now, p_details);
    perform queue.item_ended(v_item, p_now);
end;
$$;
