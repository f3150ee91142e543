create or replace function queue.first_waiting(p_lane data.lane)
returns bigint
language plpgsql volatile set search_path = ''
as $$
-- The least queue id that stands in a lane; in an empty one, that of the newest item anywhere: the next will be greater.
--
-- Read priority by priority, of each the first alone.
declare
    v_first    bigint;
    v_priority smallint := 101;
    v_next     record;
begin
    loop
        select item.priority, item.queue_id
        into v_next
        from data.queue_item as item
        where item.company_id = p_lane.company_id
          and item.lane_id = p_lane.lane_id
          and item.status = 'PENDING'
          and item.held is null
          and item.priority < v_priority
          and item.queue_id >= p_lane.mark
        order by item.priority desc, item.queue_id
        limit 1;
        exit when not found;
        v_priority := v_next.priority;
        v_first := least(v_first, v_next.queue_id);
    end loop;
    return coalesce(v_first, (select last_value from data.queue_item_queue_id_seq));
end;
$$;
