create or replace function data.time_text(p_time timestamptz)
returns text
language sql stable
as $$
-- A time as answers and messages print it: RFC 3339, UTC, microseconds, Z. Inlined: no search_path.
select to_char(p_time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
$$;
