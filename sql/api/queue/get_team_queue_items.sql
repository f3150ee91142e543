create or replace function api.get_team_queue_items(
    p_team_name               data.name_list default null,
    p_machine_name            text default null,
    p_bridge_name             text default null,
    p_status                  data.name_list default null,
    p_priority                data.priority_level default null,
    p_min_priority            data.priority_level default null,
    p_max_priority            data.priority_level default null,
    p_date_from               timestamptz default null,
    p_date_to                 timestamptz default null,
    p_task_id                 uuid default null,
    p_created_by_user_email   text default null,
    p_include_completed       boolean default true,
    p_include_cancelled       boolean default true,
    p_only_stale              boolean default false,
    p_stale_threshold_minutes integer default 10,
    p_max_records             integer default 1000,
    p_queue_name              text default null,
    p_metadata                jsonb default null)
returns table (
    queue_id                    bigint,
    task_id                     uuid,
    created_time                timestamptz,
    age_in_minutes              double precision,
    vault_version               integer,
    vault_content               data.vault,
    vault_version_response      integer,
    vault_content_response      data.vault,
    machine_name                text,
    bridge_name                 text,
    team_name                   text,
    region_name                 text,
    status                      data.queue_status,
    completion_status           data.completion_status,
    failure_reason              data.failure_reason,
    assigned_time               timestamptz,
    last_heartbeat              timestamptz,
    minutes_since_heartbeat     double precision,
    minutes_since_assigned      double precision,
    last_response_at            timestamptz,
    finished_time               timestamptz,
    attempt                     integer,
    max_attempts                integer,
    retry_count                 integer,
    last_retry_at               timestamptz,
    permanently_failed          boolean,
    processing_duration_seconds double precision,
    total_duration_seconds      double precision,
    progress                    data.fraction,
    priority                    data.priority_level,
    priority_label              text,
    health_status               data.health_status,
    can_be_cancelled            smallint,
    has_response                smallint,
    created_by                  text,
    original_queue_id           bigint,
    timeout_seconds             integer,
    metadata                    jsonb,
    queue_name                  text,
    labels                      jsonb,
    not_before                  timestamptz,
    expires_time                timestamptz,
    retries                     integer,
    retries_used                integer,
    protected                   boolean,
    schedule_name               text)
-- Each set of filters is planned for itself: a generic plan would have to serve them all.
language plpgsql volatile security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
-- The queue items of teams, filtered, with their vaults opened.
--
-- Callers: users
-- Counts: get_team_queue_item_counts
-- Arguments:
--   teamName               names, separated by commas; left out: every team of the caller
--   machineName            only this machine's items
--   bridgeName             only items of machines of this bridge
--   status                 states, separated by commas
--   priority               only this level, 1 to 5 (plans PREMIUM and ELITE)
--   minPriority            lowest number shown, inclusive
--   maxPriority            highest number shown, inclusive
--   dateFrom               created then or later
--   dateTo                 created then or earlier
--   taskId                 only this item
--   createdByUserEmail     only items that this user made
--   includeCompleted       false hides COMPLETED and FAILED
--   includeCancelled       false hides CANCELLED
--   onlyStale              only items in agents' hands that have shown no sign of life for staleThresholdMinutes
--   staleThresholdMinutes  default 10
--   maxRecords             1 to 10000, default 1000
--   queueName              only items of the queues of this name
--   metadata               a JSON object: only items whose metadata contain it
-- Returns:
--   1: the items, highest priority first, then newest
--   2: how many items match in all, by state
-- Errors:
--   JB400  maxRecords, staleThresholdMinutes or status is out of range, or metadata are no object
--   JB403  a team named is not the caller's
--   JB404  the machine or the queue is in none of the teams, or the company has no such bridge
-- Rules:
--   The requesting user must be a member of all specified teams; a name that the company does not have is ignored.
--   If a machine name is provided, it must exist in one of the accessible teams.
--   If a bridge name is provided, it must exist in the user's company.
--   Priority is filtered and shown for PREMIUM and ELITE; null for the others.
--   Queue items are sorted by priority (if available) then by creation time descending.
--   Maximum of 10,000 records can be returned in a single request.
--   Stale items are those in ASSIGNED or PROCESSING status with no heartbeat for longer than the threshold.
--   A retry, as retryCount counts, is an attempt after the first; durations of what still goes on are counted until now.
--   retriesUsed are those that followed a failure, of retries; notBefore is shown while it holds the item back.
--   Items of a machine that was deleted show its last name, and neither bridge nor region.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_before timestamptz := v_now - make_interval(mins => p_stale_threshold_minutes);
    v_filter record;
begin
    if p_max_records not between 1 and 10000 then
        raise exception using errcode = 'JB400', message = format('maxRecords is %s: 1 to 10,000 are possible', p_max_records);
    end if;
    v_filter := queue.list_filter(v_caller, p_team_name, p_machine_name, p_bridge_name, p_status, p_priority, p_min_priority,
        p_max_priority, p_created_by_user_email, p_stale_threshold_minutes, p_queue_name, p_metadata);

    return query
    select item.queue_id, item.task_id, item.created_time, data.minutes_between(item.created_time, v_now),
           request.version, data.vault_of(request), response.version, data.vault_of(response),
           coalesce(machine.machine_name, machine.removed_name)::text, bridge.bridge_name::text, team.team_name::text,
           region.region_name::text, item.status,
           item.completion_status, item.failure_reason, item.assigned_time, item.last_heartbeat_time,
           data.minutes_between(item.last_heartbeat_time, v_now), data.minutes_between(item.assigned_time, v_now),
           response.written_time, item.finished_time, item.attempt, item.max_attempts::integer, greatest(item.attempt - 1, 0),
           case when item.attempt > 1 then item.assigned_time end, item.status = 'FAILED' and item.retryable is false,
           data.seconds_between(item.assigned_time, coalesce(item.finished_time, v_now)),
           data.seconds_between(item.created_time, coalesce(item.finished_time, v_now)),
           item.progress, level.priority::data.priority_level, data.priority_label_of(level.priority),
           data.health_of(item.status, item.last_heartbeat_time, v_before),
           (item.status in ('PENDING', 'ASSIGNED'))::integer::smallint, (item.response_vault_id is not null)::integer::smallint,
           person.email::text, item.original_queue_id, item.timeout_seconds::integer, item.metadata, policy.queue_name::text,
           item.labels::jsonb, case when item.held = 'TIME' then item.ready_time end, item.expires_time, item.retries::integer,
           item.retry_count, item.protected, schedule.schedule_name::text
    from (
        select chosen.*
        from unnest(v_filter.team_ids) as mine (team_id)
        cross join lateral (
            select matching.*
            from queue.matching_items(v_caller.company_id, mine.team_id, v_filter.machine_id, v_filter.bridge_id,
                v_filter.statuses, v_filter.min_priority, v_filter.max_priority, p_date_from, p_date_to, p_task_id,
                v_filter.created_by, p_include_completed, p_include_cancelled,
                case when p_only_stale then v_before end, v_filter.policy_ids, p_metadata) as matching
            order by matching.priority desc, matching.created_time desc
            limit p_max_records) as chosen
        order by chosen.priority desc, chosen.created_time desc, chosen.queue_id desc
        limit p_max_records) as item
    cross join lateral (select data.priority_level_of(item.priority, v_caller.plan)) as level (priority)
    join data.vault_record as request
        on request.company_id = item.company_id and request.vault_record_id = item.request_vault_id
    left join data.vault_record as response
        on response.company_id = item.company_id and response.vault_record_id = item.response_vault_id
    left join data.machine as machine on machine.company_id = item.company_id and machine.machine_id = item.machine_id
    left join data.bridge as bridge on bridge.company_id = machine.company_id and bridge.bridge_id = machine.bridge_id
    left join data.region as region on region.company_id = bridge.company_id and region.region_id = bridge.region_id
    join data.team as team on team.company_id = item.company_id and team.team_id = item.team_id
    join data.queue_policy as policy on policy.company_id = item.company_id and policy.policy_id = item.policy_id
    left join data.schedule as schedule on schedule.company_id = item.company_id and schedule.schedule_id = item.schedule_id
    left join data.company_user as person on person.company_id = item.company_id and person.user_id = item.created_by
    order by item.priority desc, item.created_time desc, item.queue_id desc;
end;
$$;
