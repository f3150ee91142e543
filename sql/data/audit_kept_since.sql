create or replace function data.audit_kept_since(p_time timestamptz)
returns timestamptz
language sql immutable set search_path = ''
as $$
-- From which month on the audit is kept: a year, the longest that a plan shows, and what its first month has before that.
select date_trunc('month', (p_time - interval '365 days') at time zone 'UTC') at time zone 'UTC';
$$;
