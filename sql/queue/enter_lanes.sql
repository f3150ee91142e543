create or replace function queue.enter_lanes(p_company_id bigint, p_queue_ids bigint[])
returns void
language plpgsql volatile set search_path = ''
as $$
-- Before items that are not new come (back) into their lanes: no claim may begin to look behind them.
--
-- Arguments:
--   queue_ids  locked
-- Rules:
--   The lanes are locked as new items lock them (queue.lane_of): no mark is raised before these items can be seen.
declare
    v_lane record;
begin
    for v_lane in
        select lane.lane_id, lane.mark, entering.first_id
        from (
            select item.lane_id, min(item.queue_id) as first_id
            from data.queue_item as item
            where item.company_id = p_company_id
              and item.queue_id = any(p_queue_ids)
            group by item.lane_id) as entering
        join data.lane as lane on lane.company_id = p_company_id and lane.lane_id = entering.lane_id
        order by lane.lane_id
        for key share of lane
    loop
        continue when v_lane.mark <= v_lane.first_id;
        update data.lane as lane
        set mark = least(lane.mark, v_lane.first_id)
        where lane.company_id = p_company_id
          and lane.lane_id = v_lane.lane_id;
    end loop;
end;
$$;
