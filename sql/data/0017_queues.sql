-- Queues as they are shown, and how what is held back in one is found.

create type data.listed_queue as (
    team_name         text,
    queue_name        text,
    concurrency       integer,
    max_retries       integer,
    timeout_seconds   integer,
    backoff           jsonb,
    rate_limit        jsonb,
    retention_seconds integer,
    retry_on_crash    boolean,
    secrets           jsonb,
    paused            boolean,
    paused_time       timestamptz,
    paused_by         text,
    pause_reason      text,
    waiting_count     bigint,
    held_count        bigint,
    running_count     bigint,
    created_time      timestamptz,
    wake              data.wake);

create index queue_item_held_back on data.queue_item (policy_id)
    where status = 'PENDING' and held is not null;
