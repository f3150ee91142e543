create or replace function api.get_queue_item(
    p_queue_id  bigint default null,
    p_task_id   uuid default null,
    p_team_name text default null,
    p_newest    boolean default false)
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
    started_time                timestamptz,
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
    metrics                     jsonb,
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
    schedule_name               text,
    depends_on                  uuid[],
    scheduled                   boolean,
    change_number               bigint,
    rank                        smallint)
language plpgsql volatile security definer set search_path = ''
as $$
-- One queue item in one row, with its vaults opened.
--
-- Callers: users
-- Permission: GetTeamQueueItems
-- Arguments:
--   queueId   the item, or
--   taskId    the same by its other name
--   teamName  if given, must be the item's team
--   newest    true: the newest of the item, its retries, their retries, and so on, in its place
-- Returns:
--   1: the item, one row, as GetTeamQueueItems and GetQueueItemDetails tell of it; metrics: what its agent has last reported;
--      scheduled: it is held back, by time or for other items; changeNumber grows with each change of its state, and each progress
--      that was noted; rank: its priority from 100, first, to 0, last, for plans PREMIUM and ELITE, 50 for the others
-- Errors:
--   JB400  neither queueId nor taskId is given
--   JB403  the team named is not the caller's
--   JB404  the company has no such item, it is not of that team, or not the caller's
-- Rules:
--   The requesting user must be a member of the item's team.
--   A retry belongs to the team of what it retries, so who sees an item sees the newest.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_item   data.queue_item := auth.see_item(v_caller, p_queue_id, p_task_id, p_team_name);
begin
    if p_newest then
        select item.*
        into v_item
        from data.queue_item as item
        where item.company_id = v_item.company_id
          and item.queue_id = queue.newest_of(v_item.company_id, v_item.queue_id);
    end if;

    return query
    select item.queue_id, item.task_id, item.created_time, data.minutes_between(item.created_time, v_now), request.version,
           data.vault_of(request), response.version, data.vault_of(response), item.machine_name, item.bridge_name,
           item.team_name, item.region_name, item.status, item.completion_status, item.failure_reason, item.assigned_time,
           item.started_time, item.last_heartbeat, data.minutes_between(item.last_heartbeat, v_now),
           data.minutes_between(item.assigned_time, v_now), item.last_response_at, item.finished_time, item.attempt,
           item.max_attempts, item.retry_count, item.last_retry_at, item.permanently_failed, item.processing_duration_seconds,
           item.total_duration_seconds, item.progress, v_item.metrics, item.priority, item.priority_label, item.health_status,
           item.can_be_cancelled, (response.version is not null)::integer::smallint, item.created_by, item.original_queue_id,
           item.timeout_seconds, item.metadata, item.queue_name, item.labels, item.not_before, item.expires_time, item.retries,
           item.retries_used, item.protected, item.schedule_name, item.depends_on,
           v_item.status = 'PENDING' and v_item.held is not null, queue.last_change(v_item.company_id, v_item.queue_id),
           data.rank_of(v_item.priority, v_caller.plan)
    from queue.details_of(v_caller, v_item, v_now) as item
    join data.vault_record as request
        on request.company_id = v_item.company_id and request.vault_record_id = v_item.request_vault_id
    left join data.vault_record as response
        on response.company_id = v_item.company_id and response.vault_record_id = v_item.response_vault_id;
end;
$$;
