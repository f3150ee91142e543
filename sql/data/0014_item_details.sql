-- What is known of one queue item, in the sets that existing clients read.

create type data.item_details as (
    queue_id                    bigint,
    task_id                     uuid,
    status                      data.queue_status,
    completion_status           data.completion_status,
    health_status               data.health_status,
    is_stale                    boolean,
    can_be_cancelled            smallint,
    created_time                timestamptz,
    assigned_time               timestamptz,
    started_time                timestamptz,
    last_heartbeat              timestamptz,
    last_response_at            timestamptz,
    finished_time               timestamptz,
    cancelled_by                text,
    attempt                     integer,
    max_attempts                integer,
    retry_count                 integer,
    last_retry_at               timestamptz,
    failure_reason              data.failure_reason,
    permanently_failed          boolean,
    progress                    data.fraction,
    priority                    data.priority_level,
    priority_label              text,
    timeout_seconds             integer,
    seconds_to_assignment       double precision,
    processing_duration_seconds double precision,
    total_duration_seconds      double precision,
    machine_name                text,
    machine_id                  uuid,
    bridge_name                 text,
    bridge_id                   uuid,
    region_name                 text,
    region_id                   uuid,
    team_name                   text,
    team_id                     uuid,
    company_name                text,
    company_id                  uuid,
    created_by                  text,
    created_by_user_id          uuid,
    original_queue_id           bigint,
    metadata                    jsonb);

create type data.item_vault as (
    vault_type    text,
    vault_version integer,
    vault_content data.vault,
    has_content   boolean);

create type data.item_event as (
    "timestamp"            timestamptz,
    event                  data.event_kind,
    details                text,
    actor                  text,
    attempt                integer,
    seconds_since_previous double precision);

create type data.item_place as (
    queue_id    bigint,
    task_id     uuid,
    place       integer,
    ahead_count integer,
    more_ahead  boolean);

create type data.item_machine as (
    machine_name     text,
    pending_count    integer,
    assigned_count   integer,
    processing_count integer,
    cancelling_count integer,
    more_pending     boolean);

create type data.changed_priority as (
    queue_id       bigint,
    task_id        uuid,
    priority       data.priority_level,
    priority_label text,
    result         text);

alter type data.event_kind add value 'PRIORITY_CHANGED';
