-- Many items in one call, some waiting for others.

alter table data.idempotency
    add column batch_ids bigint[];                            -- of a batch: its items, in the order in which they were given

-- An item of a batch, as a caller orders it.
create type data.batch_item as (
    name                  data.entity_name,                   -- by which others of the batch can depend on it
    machine_name          text,
    queue_name            text,
    labels                jsonb,
    queue_vault           data.vault,
    priority              data.priority_level,
    max_attempts          data.attempt_limit,
    retries               data.retry_limit,
    timeout_seconds       data.timeout_seconds,
    backoff               jsonb,
    not_before            timestamptz,
    expires_after_seconds data.expiry_seconds,
    metadata              jsonb,
    task_id               uuid,
    depends_on            text[],
    run_anyway            boolean);

alter type data.new_item add attribute needs_places integer[];    -- the same, by their places in this call, before its own
alter type data.new_item add attribute batch_place text;          -- what messages call it

-- A completion, as one of many in a call, and what became of it.
create type data.completion as (
    task_id           uuid,
    queue_id          bigint,
    claim_token       data.claim_token,
    response_vault    data.vault,
    completion_status data.completion_status,
    retryable         boolean);

create type data.completion_answer as (
    task_id  uuid,
    queue_id bigint,
    accepted boolean,
    status   data.queue_status,
    message  text,
    wake     data.wake);
