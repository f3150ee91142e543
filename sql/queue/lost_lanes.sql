create or replace function queue.lost_lanes()
returns bigint[]
language plpgsql stable set search_path = ''
as $$
-- Lanes in which items wait though there are no such lanes, of whichever company: nobody would ever take these items.
--
-- Rules:
--   Lane by lane through the index of what waits: few lanes, however much waits in each.
begin
    return array(
        with recursive used (lane_id) as (
            (select item.lane_id
             from data.queue_item as item
             where item.status = 'PENDING'
               and item.held is null
             order by item.lane_id
             limit 1)
            union all
            select (
                select item.lane_id
                from data.queue_item as item
                where item.status = 'PENDING'
                  and item.held is null
                  and item.lane_id > used.lane_id
                order by item.lane_id
                limit 1)
            from used
            where used.lane_id is not null)
        select used.lane_id
        from used
        where used.lane_id is not null
          and not exists (select from data.lane as lane where lane.lane_id = used.lane_id));
end;
$$;
