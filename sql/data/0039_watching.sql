-- Who watches an item is woken by whatever changes its state or its progress.

alter type data.claimed_item add attribute wake data.wake;
alter type data.heartbeat_answer add attribute wake data.wake;
alter type data.response_answer add attribute wake data.wake;

-- A step of an item, or of a chain of retries.
create type data.item_change as (
    change_number bigint,
    change_time   timestamptz,
    queue_id      bigint,
    task_id       uuid,
    attempt       integer,
    status        data.queue_status,
    scheduled     boolean);                                   -- PENDING, and held back

-- How an item stands.
create type data.item_state as (
    queue_id      bigint,
    task_id       uuid,
    status        data.queue_status,
    scheduled     boolean,
    progress      data.fraction,
    metrics       jsonb,
    change_number bigint);
