create or replace function queue.backoff_delay(p_backoff jsonb, p_retry_count integer)
returns interval
language sql volatile set search_path = ''
as $$
-- How long to wait before a failed item is tried again (spec 3, retry and backoff).
--
-- Arguments:
--   backoff      as queue.require_backoff allows it
--   retry_count  how many retries went before: 0 waits the initial delay, each further one twice as long
-- Returns:
--   at most seven days; exponentialJitter is 50 to 150 % of what exponential is
select make_interval(secs => least(604800, case
    when p_backoff ? 'fixed' then (p_backoff #>> '{fixed,delayMs}')::double precision
    when p_backoff ? 'exponential' then (p_backoff #>> '{exponential,initialDelayMs}')::double precision * 2 ^ p_retry_count
    else (p_backoff #>> '{exponentialJitter,initialDelayMs}')::double precision * 2 ^ p_retry_count * (0.5 + random())
end / 1000));
$$;
