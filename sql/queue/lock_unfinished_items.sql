create or replace function queue.lock_unfinished_items(p_company_id bigint, p_machine_id bigint)
returns void
language plpgsql volatile set search_path = ''
as $$
-- Wait for the claims of a machine's items that are under way, and let no other begin. The caller has locked the machine, so
-- that nothing is queued for it.
declare
    v_lane_id bigint;
begin
    perform from data.queue_item as item
    where item.company_id = p_company_id
      and item.queue_id = any(array(select live.queue_id from queue.live_items(p_company_id, p_machine_id) as live))
    order by item.queue_id
    for update;

    for v_lane_id in
        select lane.lane_id
        from data.lane as lane
        where lane.company_id = p_company_id
          and lane.machine_id = p_machine_id
        order by lane.lane_id
        for update
    loop
        perform from data.queue_item as item
        where item.company_id = p_company_id
          and item.lane_id = v_lane_id
          and item.status = 'PENDING'
          and item.held is null
        order by item.queue_id
        for update;
    end loop;
end;
$$;
