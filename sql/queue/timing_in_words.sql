create or replace function queue.timing_in_words(p_cron text, p_every_seconds integer, p_time_zone text)
returns text
language sql immutable
as $$
-- When a schedule runs, for the audit. Inlined: no search_path.
select coalesce('cron ' || p_cron || ' in ' || p_time_zone, 'every ' || p_every_seconds || ' seconds');
$$;
