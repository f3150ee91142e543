create or replace function data.default_backoff()
returns data.backoff
language sql immutable set search_path = ''
as $$
-- How a queue waits before it tries again, until somebody says otherwise (spec 3, queue configuration).
select '{"exponential": {"initialDelayMs": 1000}}'::data.backoff;
$$;
