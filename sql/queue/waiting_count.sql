create or replace function queue.waiting_count(p_company_id bigint, p_machine_id bigint, p_at_most integer)
returns bigint
language sql stable set search_path = '' set enable_sort = off
as $$
-- How many items wait for a machine, those included that are held back; counted up to a bound, null: all.
--
-- What waits is asked for in order, and nothing may be sorted: so only the index that begins with the lane will do. Planned while
-- little waited, another would read all that waits anywhere.
select count(*)
from (
    select listed.queue_id
    from (
        select lane.lane_id
        from data.lane as lane
        where lane.company_id = p_company_id
          and lane.machine_id = p_machine_id
        offset 0) as own
    cross join lateral (
        select item.queue_id
        from data.queue_item as item
        where item.company_id = p_company_id
          and item.lane_id = own.lane_id
          and item.status = 'PENDING'
          and item.held is null
        order by item.priority desc, item.queue_id) as listed
    union all
    select item.queue_id
    from data.queue_item as item
    where item.company_id = p_company_id
      and item.machine_id = p_machine_id
      and item.status = 'PENDING'
      and item.held is not null
    limit p_at_most) as waiting;
$$;
