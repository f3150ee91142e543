create or replace function queue.wait_again(p_item data.queue_item, p_ready_time timestamptz, p_now timestamptz)
returns data.queue_item
language plpgsql volatile set search_path = ''
as $$
-- Make an item PENDING again, and clean: what its last claim had answered has gone to that claim.
--
-- Arguments:
--   item        locked; attempt, silent_count and retry_count as they are to be
--   ready_time  until then it is held outside its lane
-- Returns:
--   the item after the change
-- Rules:
--   A pool's item goes back to the pool. It was picked up once, so it does not expire any more.
declare
    v_item data.queue_item;
begin
    perform queue.enter_lanes(p_item.company_id, array[p_item.queue_id]);
    update data.queue_item as item
    set status = 'PENDING',
        held = case when p_ready_time > p_now then 'TIME'::data.hold end,
        attempt = p_item.attempt,
        silent_count = p_item.silent_count,
        retry_count = p_item.retry_count,
        machine_id = case when not item.pooled then item.machine_id end,
        response_vault_id = null,
        progress = null,
        metrics = null,
        ready_time = p_ready_time,
        expires_time = null,
        assigned_time = null,
        started_time = null,
        lease_seconds = null,
        lease_until = null,
        deadline_time = null,
        stale_time = null
    where item.company_id = p_item.company_id
      and item.queue_id = p_item.queue_id
    returning item.* into v_item;
    return v_item;
end;
$$;
