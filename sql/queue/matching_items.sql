create or replace function queue.matching_items(
    p_company_id        bigint,
    p_team_id           bigint,
    p_machine_id        bigint,
    p_bridge_id         bigint,
    p_statuses          data.queue_status[],
    p_min_priority      smallint,
    p_max_priority      smallint,
    p_date_from         timestamptz,
    p_date_to           timestamptz,
    p_task_id           uuid,
    p_created_by        bigint,
    p_include_completed boolean,
    p_include_cancelled boolean,
    p_stale_before      timestamptz,
    p_policy_ids        bigint[],
    p_metadata          jsonb)
returns setof data.queue_item
language sql stable
as $$
-- A team's items that pass the filters of GetTeamQueueItems and of the calls for many items; null: no such filter. Inlined into
-- the listing and into the counts, so it pins no search_path; every name is qualified.
--
-- Arguments:
--   policy_ids                  of these queues
--   metadata                    whose metadata contain this
--   min_priority, max_priority  inclusive, as the table keeps it: 0 to 100
--   stale_before                only items in agents' hands without a sign of life since
select item.*
from data.queue_item as item
where item.company_id = p_company_id
  and item.team_id = p_team_id
  and (p_machine_id is null or item.machine_id = p_machine_id)
  and (p_bridge_id is null or item.machine_id in (
      select machine.machine_id
      from data.machine as machine
      where machine.company_id = p_company_id
        and machine.bridge_id = p_bridge_id))
  and (p_statuses is null or item.status = any(p_statuses))
  and (p_min_priority is null or item.priority >= p_min_priority)
  and (p_max_priority is null or item.priority <= p_max_priority)
  and (p_date_from is null or item.created_time >= p_date_from)
  and (p_date_to is null or item.created_time <= p_date_to)
  and (p_task_id is null or item.task_id = p_task_id)
  and (p_created_by is null or item.created_by = p_created_by)
  and (p_include_completed or item.status not in ('COMPLETED', 'FAILED'))
  and (p_include_cancelled or item.status <> 'CANCELLED')
  and (p_policy_ids is null or item.policy_id = any(p_policy_ids))
  and (p_metadata is null or item.metadata @> p_metadata)
  and (p_stale_before is null
       or item.status in ('ASSIGNED', 'PROCESSING') and item.last_heartbeat_time < p_stale_before)
$$;
