create or replace function queue.machine_loads(p_company_id bigint, p_team_ids bigint[], p_stale_before timestamptz)
returns setof data.machine_work
language sql stable set search_path = '' set enable_sort = off
as $$
-- What waits and runs on the machines of some teams. Each machine is two descents of a partial index: what has finished is
-- never read, however much there is of it. What waits is asked for in order, and nothing may be sorted: so only the index that
-- begins with the machine will do. Planned while little waited, another would read all that waits for each machine.
select machine.machine_id, machine.machine_name::text, machine.team_id, machine.bridge_id, waiting.pending_count,
       live.assigned_count, live.processing_count, live.cancelling_count, live.stale_count
from data.machine as machine
cross join lateral (
    select count(*) as pending_count
    from (
        select item.queue_id
        from data.queue_item as item
        where item.company_id = p_company_id
          and item.machine_id = machine.machine_id
          and item.status = 'PENDING'
        order by item.priority desc, item.queue_id) as listed) as waiting
cross join lateral (
    select count(*) filter (where item.status = 'ASSIGNED') as assigned_count,
           count(*) filter (where item.status = 'PROCESSING') as processing_count,
           count(*) filter (where item.status = 'CANCELLING') as cancelling_count,
           count(*) filter (where item.status <> 'CANCELLING' and item.last_heartbeat_time < p_stale_before) as stale_count
    from data.queue_item as item
    where item.company_id = p_company_id
      and item.machine_id = machine.machine_id
      and item.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING')) as live
where machine.company_id = p_company_id
  and machine.team_id = any(p_team_ids);
$$;
