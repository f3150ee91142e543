create or replace function queue.settings_of(p_policy data.queue_policy)
returns jsonb
language sql immutable set search_path = ''
as $$
-- What a queue prescribes, under the names of the public members; null: no limit.
select jsonb_build_object(
    'concurrency', p_policy.concurrency,
    'maxRetries', p_policy.max_retries,
    'timeoutSeconds', p_policy.timeout_seconds,
    'backoff', p_policy.backoff,
    'rateLimit', case when p_policy.rate_burst is not null then
        jsonb_build_object('maxBurst', p_policy.rate_burst, 'perSecond', p_policy.rate_per_second) end,
    'retentionSeconds', p_policy.retention_seconds,
    'retryOnCrash', p_policy.retry_on_crash,
    'secrets', p_policy.secrets);
$$;
