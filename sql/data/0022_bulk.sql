-- Work on many items in one call, and what it says of each; what is told of an item and of what it waits for.

-- Which items are meant; every member that is given must fit.
create type data.item_filter as (
    queue_name       text,
    machine_name     text,
    status           data.queue_status[],
    metadata         jsonb,                                   -- contained in the item's
    created_after    timestamptz,
    created_before   timestamptz,
    older_than_hours integer);

create type data.bulk_answer as (
    task_id  uuid,
    queue_id bigint,
    done     boolean,
    reason   text,                                            -- why not; of what was done: what, where there is more than one
    wake     data.wake);

create type data.bulk_retry as (
    task_id      uuid,
    queue_id     bigint,
    done         boolean,
    reason       text,
    new_task_id  uuid,
    new_queue_id bigint,
    wake         data.wake);

alter type data.event_kind add value 'PROTECTION_CHANGED';

create type data.changed_protection as (
    queue_id   bigint,
    task_id    uuid,
    protection boolean,
    result     text);

alter type data.item_details
    add attribute queue_name text,
    add attribute labels jsonb,
    add attribute not_before timestamptz,
    add attribute expires_time timestamptz,
    add attribute retries integer,
    add attribute retries_used integer,
    add attribute protected boolean,
    add attribute schedule_name text,
    add attribute depends_on uuid[];

-- Why a PENDING item is not being worked on, the most decisive first.
create type data.wait_code as enum (
    'NO_TAKER', 'MACHINE_NEVER_SEEN', 'MACHINE_SILENT', 'MACHINE_PAUSED', 'MACHINE_DRAINING', 'DEPENDENCY', 'NOT_BEFORE',
    'RETRY_BACKOFF', 'QUEUE_PAUSED', 'COMPANY_CONCURRENCY', 'USER_CONCURRENCY', 'QUEUE_CONCURRENCY', 'QUEUE_RATE',
    'MACHINE_BUSY', 'BEHIND');

create type data.wait_reason as (
    code   data.wait_code,
    reason text,
    since  timestamptz,
    until  timestamptz,
    detail jsonb);
