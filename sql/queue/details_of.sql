create or replace function queue.details_of(p_caller auth.caller, p_item data.queue_item, p_now timestamptz)
returns data.item_details
language plpgsql stable set search_path = ''
as $$
-- Everything that is known of an item but its vaults and its history.
--
-- Rules:
--   Durations of what still goes on are counted until now.
--   A retry, as retryCount counts, is an attempt after the first; retriesUsed are those that followed a failure, of retries.
--   notBefore, or the end of a backoff, is shown while it holds the item back; dependsOn names what it needed, finished or not.
declare
    v_stale_before timestamptz := p_now - interval '10 minutes';
    v_health       data.health_status := data.health_of(p_item.status, p_item.last_heartbeat_time, v_stale_before);
    v_level        smallint := data.priority_level_of(p_item.priority, p_caller.plan);
    v_details      data.item_details;
begin
    select p_item.queue_id, p_item.task_id, p_item.status, p_item.completion_status, v_health, v_health = 'STALE',
           (p_item.status in ('PENDING', 'ASSIGNED'))::integer::smallint, p_item.created_time, p_item.assigned_time,
           p_item.started_time, p_item.last_heartbeat_time, response.written_time, p_item.finished_time, p_item.cancelled_by,
           p_item.attempt, p_item.max_attempts, greatest(p_item.attempt - 1, 0),
           case when p_item.attempt > 1 then p_item.assigned_time end, p_item.failure_reason,
           p_item.status = 'FAILED' and p_item.retryable is false, p_item.progress, v_level,
           data.priority_label_of(v_level), p_item.timeout_seconds,
           data.seconds_between(p_item.created_time, p_item.assigned_time),
           data.seconds_between(p_item.assigned_time, coalesce(p_item.finished_time, p_now)),
           data.seconds_between(p_item.created_time, coalesce(p_item.finished_time, p_now)),
           coalesce(machine.machine_name, machine.removed_name), machine.machine_uuid, bridge.bridge_name, bridge.bridge_uuid,
           region.region_name, region.region_uuid, team.team_name, team.team_uuid, company.company_name, company.company_uuid, person.email,
           person.user_uuid, p_item.original_queue_id, p_item.metadata, policy.queue_name, p_item.labels,
           case when p_item.held = 'TIME' then p_item.ready_time end, p_item.expires_time, p_item.retries, p_item.retry_count,
           p_item.protected, schedule.schedule_name, array(
               select needed.task_id
               from data.dependency as need
               cross join lateral (
                   select item.task_id
                   from data.queue_item as item
                   where item.company_id = p_item.company_id
                     and item.queue_id = need.needs_queue_id
                   offset 0) as needed
               where need.company_id = p_item.company_id
                 and need.queue_id = p_item.queue_id
               order by need.needs_queue_id)
    into v_details
    from data.company as company
    join data.team as team on team.company_id = company.company_id and team.team_id = p_item.team_id
    left join data.machine as machine on machine.company_id = company.company_id and machine.machine_id = p_item.machine_id
    -- A machine that was deleted has neither.
    left join data.bridge as bridge on bridge.company_id = machine.company_id and bridge.bridge_id = machine.bridge_id
    left join data.region as region on region.company_id = bridge.company_id and region.region_id = bridge.region_id
    left join data.company_user as person on person.company_id = company.company_id and person.user_id = p_item.created_by
    left join data.vault_record as response
        on response.company_id = company.company_id and response.vault_record_id = p_item.response_vault_id
    left join data.queue_policy as policy on policy.company_id = company.company_id and policy.policy_id = p_item.policy_id
    left join data.schedule as schedule on schedule.company_id = company.company_id and schedule.schedule_id = p_item.schedule_id
    where company.company_id = p_item.company_id;
    return v_details;
end;
$$;
