create or replace function queue.waiting_in(
    p_company_id bigint,
    p_lane_ids   bigint[],
    p_at_most    integer,
    out in_line  bigint,
    out held     bigint)
language sql stable set search_path = '' set enable_sort = off
as $$
-- How many items of these lanes may be taken, and how many are held back; each counted up to a bound, null: all.
--
-- They are asked for in order, and nothing may be sorted: so only the indexes that begin with the lane will do. Planned while
-- little waited, another would read all that waits anywhere.
select (
    select count(*)
    from (
        select next.queue_id
        from unnest(p_lane_ids) as own (lane_id)
        cross join lateral (
            select item.queue_id
            from data.queue_item as item
            where item.company_id = p_company_id
              and item.lane_id = own.lane_id
              and item.status = 'PENDING'
              and item.held is null
            order by item.priority desc, item.queue_id) as next
        limit p_at_most) as listed), (
    select count(*)
    from (
        select later.queue_id
        from unnest(p_lane_ids) as own (lane_id)
        cross join lateral (
            select item.queue_id
            from data.queue_item as item
            where item.company_id = p_company_id
              and item.lane_id = own.lane_id
              and item.status = 'PENDING'
              and item.held is not null
            order by item.lane_id) as later
        limit p_at_most) as listed);
$$;
