create or replace function queue.place_in_line(p_item data.queue_item)
returns data.item_place[]
language plpgsql stable set search_path = ''
as $$
-- How many pending items of its machine, or its pool, a claim takes before this one; no row for an item that is not in line.
--
-- Rules:
--   At most 1,000 are counted: the answer costs the same whatever waits behind them, and says when there are more.
declare
    c_counted constant integer := 1000;
    v_lanes   bigint[];
    v_ahead   integer;
begin
    if p_item.status <> 'PENDING' or p_item.held is not null then
        return array[]::data.item_place[];
    end if;

    v_lanes := case
        when p_item.pooled then array[p_item.lane_id]
        else array(
            select lane.lane_id
            from data.lane as lane
            where lane.company_id = p_item.company_id
              and lane.machine_id = p_item.machine_id)
    end;

    -- Two ranges of one index: one condition over both would read everything that waits behind the item as well.
    select count(*)
    into v_ahead
    from unnest(v_lanes) as own (lane_id)
    cross join lateral (
        (select item.queue_id
         from data.queue_item as item
         where item.company_id = p_item.company_id
           and item.lane_id = own.lane_id
           and item.status = 'PENDING'
           and item.held is null
           and item.priority > p_item.priority
         order by item.priority desc, item.queue_id
         limit c_counted + 1)
        union all
        (select item.queue_id
         from data.queue_item as item
         where item.company_id = p_item.company_id
           and item.lane_id = own.lane_id
           and item.status = 'PENDING'
           and item.held is null
           and item.priority = p_item.priority
           and item.queue_id < p_item.queue_id
         order by item.priority desc, item.queue_id
         limit c_counted + 1)) as ahead;
    return array[row(p_item.queue_id, p_item.task_id,
        case when v_ahead <= c_counted then v_ahead + 1 end, least(v_ahead, c_counted), v_ahead > c_counted)::data.item_place];
end;
$$;
