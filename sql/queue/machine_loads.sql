create or replace function queue.machine_loads(p_company_id bigint, p_team_ids bigint[], p_stale_before timestamptz)
returns setof data.machine_work
language sql stable set search_path = ''
as $$
-- What waits and runs on the machines of some teams, and, in rows without a machine, in their pools. Each machine is a few descents of partial indexes: what has finished is
-- never read, however much there is of it.
select machine.machine_id, machine.machine_name::text, machine.team_id, machine.bridge_id,
       queue.waiting_count(p_company_id, machine.machine_id, null),
       live.assigned_count, live.processing_count, live.cancelling_count, live.stale_count
from data.machine as machine
cross join lateral (
    select count(*) filter (where item.status = 'ASSIGNED') as assigned_count,
           count(*) filter (where item.status = 'PROCESSING') as processing_count,
           count(*) filter (where item.status = 'CANCELLING') as cancelling_count,
           count(*) filter (where item.status <> 'CANCELLING' and item.last_heartbeat_time < p_stale_before) as stale_count
    from queue.live_items(p_company_id, machine.machine_id) as item) as live
where machine.company_id = p_company_id
  and machine.team_id = any(p_team_ids)
union all
select null, null, pool.team_id, null, queue.pool_waiting_count(p_company_id, pool.team_id),
       live.assigned_count, live.processing_count, live.cancelling_count, live.stale_count
from unnest(p_team_ids) as pool (team_id)
-- A user may have taken one by answering it: no machine has it.
cross join lateral (
    select count(*) filter (where item.status = 'ASSIGNED') as assigned_count,
           count(*) filter (where item.status = 'PROCESSING') as processing_count,
           count(*) filter (where item.status = 'CANCELLING') as cancelling_count,
           count(*) filter (where item.status <> 'CANCELLING' and item.last_heartbeat_time < p_stale_before) as stale_count
    from data.queue_policy as policy
    join data.queue_item as item
        on item.company_id = policy.company_id and item.policy_id = policy.policy_id and item.machine_id is null
           and item.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING')
    where policy.company_id = p_company_id
      and policy.team_id = pool.team_id) as live;
$$;
