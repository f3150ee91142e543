create or replace function api.get_team_queue_item_counts(
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
    total_count      bigint,
    pending_count    bigint,
    assigned_count   bigint,
    processing_count bigint,
    cancelling_count bigint,
    completed_count  bigint,
    failed_count     bigint,
    cancelled_count  bigint,
    stale_count      bigint)
language plpgsql volatile security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
-- How many queue items of teams match the filters, by state.
--
-- Callers: users
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
--   maxRecords             changes nothing: all that match are counted
--   queueName              only items of the queues of this name
--   metadata               a JSON object: only items whose metadata contain it
-- Returns:
--   1: the counts, one row
-- Errors:
--   JB400  staleThresholdMinutes or status is out of range, or metadata are no object
--   JB403  a team named is not the caller's
--   JB404  the machine or the queue is in none of the teams, or the company has no such bridge
-- Rules:
--   Counts are of all that match, whatever maxRecords.
declare
    v_caller auth.caller := auth.enter_call();
    v_before timestamptz := data.clock() - make_interval(mins => p_stale_threshold_minutes);
    v_filter record;
begin
    v_filter := queue.list_filter(v_caller, p_team_name, p_machine_name, p_bridge_name, p_status, p_priority, p_min_priority,
        p_max_priority, p_created_by_user_email, p_stale_threshold_minutes, p_queue_name, p_metadata);

    return query
    select count(*), count(*) filter (where matching.status = 'PENDING'), count(*) filter (where matching.status = 'ASSIGNED'),
           count(*) filter (where matching.status = 'PROCESSING'), count(*) filter (where matching.status = 'CANCELLING'),
           count(*) filter (where matching.status = 'COMPLETED'), count(*) filter (where matching.status = 'FAILED'),
           count(*) filter (where matching.status = 'CANCELLED'),
           count(*) filter (where data.health_of(matching.status, matching.last_heartbeat_time, v_before) = 'STALE')
    from unnest(v_filter.team_ids) as mine (team_id)
    cross join lateral queue.matching_items(v_caller.company_id, mine.team_id, v_filter.machine_id, v_filter.bridge_id,
        v_filter.statuses, v_filter.min_priority, v_filter.max_priority, p_date_from, p_date_to, p_task_id,
        v_filter.created_by, p_include_completed, p_include_cancelled, case when p_only_stale then v_before end,
        v_filter.policy_ids, p_metadata) as matching;
end;
$$;
