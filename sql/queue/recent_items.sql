create or replace function queue.recent_items(
    p_company_id bigint,
    p_policy_ids bigint[],
    p_machine_id bigint,
    p_since      timestamptz)
returns table (
    queue_id      bigint,
    policy_id     bigint,
    status        data.queue_status,
    held          data.hold,
    created_time  timestamptz,
    ready_time    timestamptz,
    assigned_time timestamptz,
    started_time  timestamptz,
    finished_time timestamptz)
language sql stable set search_path = '' set enable_sort = off
as $$
-- The items of queues that are not finished, and those that have finished since; of a lane at most 100,000 that wait.
--
-- Lane by lane and queue by queue, each by its index and in its order, as queue.waiting_in: history costs nothing.
select item.queue_id, its.policy_id, item.status, item.held, item.created_time, item.ready_time, item.assigned_time, item.started_time,
       item.finished_time
from unnest(p_policy_ids) as its (policy_id)
cross join lateral (
    select lane.lane_id
    from data.lane as lane
    where lane.company_id = p_company_id
      and lane.policy_id = its.policy_id
      and (p_machine_id is null or lane.machine_id = p_machine_id)
    offset 0) as own
cross join lateral (
    (select waiting.queue_id, waiting.status, waiting.held, waiting.created_time, waiting.ready_time, waiting.assigned_time,
            waiting.started_time, waiting.finished_time
     from data.queue_item as waiting
     where waiting.company_id = p_company_id
       and waiting.lane_id = own.lane_id
       and waiting.status = 'PENDING'
       and waiting.held is null
     order by waiting.priority desc, waiting.queue_id
     limit 100000)
    union all
    (select later.queue_id, later.status, later.held, later.created_time, later.ready_time, later.assigned_time,
            later.started_time, later.finished_time
     from data.queue_item as later
     where later.company_id = p_company_id
       and later.lane_id = own.lane_id
       and later.status = 'PENDING'
       and later.held is not null
     order by later.lane_id
     limit 100000)) as item
union all
select live.queue_id, its.policy_id, live.status, live.held, live.created_time, live.ready_time, live.assigned_time, live.started_time,
       live.finished_time
from unnest(p_policy_ids) as its (policy_id)
cross join lateral (
    select item.*
    from data.queue_item as item
    where item.company_id = p_company_id
      and item.policy_id = its.policy_id
      and item.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING')
      and (p_machine_id is null or item.machine_id = p_machine_id)
    offset 0) as live
union all
select done.queue_id, its.policy_id, done.status, done.held, done.created_time, done.ready_time, done.assigned_time, done.started_time,
       done.finished_time
from unnest(p_policy_ids) as its (policy_id)
cross join lateral (
    select item.*
    from data.queue_item as item
    where item.company_id = p_company_id
      and item.policy_id = its.policy_id
      and item.finished_time >= p_since
      and (p_machine_id is null or item.machine_id = p_machine_id)
    order by item.finished_time
    offset 0) as done;
$$;
