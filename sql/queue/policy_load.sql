create or replace function queue.policy_load(
    p_company_id bigint,
    p_policy_id  bigint,
    p_at_most    integer,
    out waiting  bigint,
    out held     bigint,
    out running  bigint)
language plpgsql stable set search_path = '' set enable_sort = off
as $$
-- How many items of a queue are not finished: those that may be taken, those that are held back, and those in agents' hands. Each
-- is counted up to a bound, null: all.
--
-- What waits is asked for in order, and nothing may be sorted, as in queue.waiting_count.
begin
    waiting := (
        select count(*)
        from (
            select listed.queue_id
            from (
                select lane.lane_id
                from data.lane as lane
                where lane.company_id = p_company_id
                  and lane.policy_id = p_policy_id
                offset 0) as its
            cross join lateral (
                select item.queue_id
                from data.queue_item as item
                where item.company_id = p_company_id
                  and item.lane_id = its.lane_id
                  and item.status = 'PENDING'
                  and item.held is null
                order by item.priority desc, item.queue_id) as listed
            limit p_at_most) as counted);
    held := (
        select count(*)
        from (
            select item.queue_id
            from data.queue_item as item
            where item.company_id = p_company_id
              and item.policy_id = p_policy_id
              and item.status = 'PENDING'
              and item.held is not null
            limit p_at_most) as counted);
    running := (
        select count(*)
        from (
            select item.queue_id
            from data.queue_item as item
            where item.company_id = p_company_id
              and item.policy_id = p_policy_id
              and item.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING')
            limit p_at_most) as counted);
end;
$$;
