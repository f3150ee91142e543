create or replace function queue.missed_until(p_now timestamptz)
returns timestamptz
language sql stable
as $$
-- Ticks of schedules before this moment, a minute ago, come too late to count as themselves: they were missed. Inlined: no search_path.
select p_now - interval '1 minute'
$$;
