-- What a job says of itself while it runs, beside its progress: numbers by name, in the clear.

alter table data.queue_item
    add column metrics jsonb;                                 -- queue.require_metrics says what it may be

alter type data.heartbeat add attribute metrics jsonb;
