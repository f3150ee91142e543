-- Flows: batches of items that are told of, cancelled and kept as one (spec 3).
--
-- A flow has no row of its own. It is its items, so that it cannot outlive them, nor say anything that they do not.

create type data.flow_status as enum ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED');

create type data.flow_task_status as enum ('BLOCKED', 'QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED');

alter table data.queue_item
    add column flow_id   uuid,
    add column flow_task text;                                -- its name in the flow; retries have that of what they retry

-- A team's flows, newest first; and of a flow what ended last, or has not ended.
create index queue_item_flow on data.queue_item (team_id, flow_id, finished_time)
    where flow_id is not null;

alter type data.new_item
    add attribute flow_id   uuid,
    add attribute flow_task text;

create type data.listed_flow as (
    flow_id        uuid,
    team_name      text,
    queue_name     text,
    status         data.flow_status,
    task_count     integer,
    finished_count integer,
    created_time   timestamptz,
    updated_time   timestamptz);

create type data.flow_task as (
    name     text,
    task_id  uuid,
    queue_id bigint,
    status   data.flow_task_status);
