create or replace function queue.pool_waiting_count(p_company_id bigint, p_team_id bigint)
returns bigint
language sql stable set search_path = '' set enable_sort = off
as $$
-- How many items wait in the pool of a team, those included that are held back. In order, as queue.waiting_count.
select count(*)
from (
    select listed.queue_id
    from (
        select lane.lane_id
        from data.lane as lane
        where lane.company_id = p_company_id
          and lane.team_id = p_team_id
          and lane.machine_id is null
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
      and item.team_id = p_team_id
      and item.machine_id is null
      and item.status = 'PENDING'
      and item.held is not null) as waiting;
$$;
