create or replace function queue.fail_dependant(p_item data.queue_item, p_need data.queue_item, p_now timestamptz)
returns data.queue_item
language plpgsql volatile set search_path = ''
as $$
-- Fail an item that waits for another, since that one will never be COMPLETED.
--
-- Arguments:
--   item  locked; PENDING
--   need  one of those that have ended, for the case that it is deleted
-- Returns:
--   the item after the change; what depends on it is still to be settled
declare
    v_why  text;
    v_item data.queue_item;
begin
    v_why := coalesce((
        select format('queue item %s, on which it depends, is %s', need.queue_id, need.status)
        from data.dependency as dependency
        cross join lateral (
            select ended.queue_id, ended.status
            from data.queue_item as ended
            where ended.company_id = p_item.company_id
              and ended.queue_id = dependency.needs_queue_id
            offset 0) as need
        where dependency.company_id = p_item.company_id
          and dependency.queue_id = p_item.queue_id
          and need.status in ('FAILED', 'CANCELLED')
        limit 1), format('queue item %s, on which it depends, is deleted', p_need.queue_id));

    update data.queue_item as item
    set status = 'FAILED',
        held = null,
        open_dependency_count = 0,
        finished_time = p_now,
        completion_status = 'FAILED',
        failure_reason = 'DEPENDENCY'
    where item.company_id = p_item.company_id
      and item.queue_id = p_item.queue_id
    returning item.* into v_item;
    perform data.record_event(v_item, 'FAILED', 'broker', p_now, v_why);

    -- Its own dependants are the caller's: a chain of them may be longer than the stack is deep.
    v_item.has_dependants := false;
    perform queue.item_ended(v_item, p_now);
    return v_item;
end;
$$;
