create or replace function maintenance.make_event_partitions()
returns integer
language plpgsql volatile security definer set search_path = ''
as $$
-- Have a partition of data.queue_event ready for this month and the two that follow.
--
-- Returns:
--   how many were made
-- Rules:
--   A month whose rows already lie in the default partition stays there: moving them would lock the table.
declare
    v_month date := date_trunc('month', data.clock() at time zone 'UTC');
    v_from  date;
    v_name  text;
    v_count integer := 0;
begin
    perform pg_advisory_xact_lock(hashtextextended('maintenance.make_event_partitions', 0));

    for v_ahead in 0 .. 2 loop
        v_from := v_month + make_interval(months => v_ahead);
        v_name := 'queue_event_' || to_char(v_from, 'YYYY_MM');
        continue when to_regclass('data.' || v_name) is not null;
        continue when exists (
            select from data.queue_event_default as event
            where event.event_time >= v_from::timestamp at time zone 'UTC'
              and event.event_time < (v_from + interval '1 month') at time zone 'UTC');
        execute format('create table data.%I partition of data.queue_event for values from (%L) to (%L)', v_name,
            v_from::timestamp at time zone 'UTC', (v_from + interval '1 month') at time zone 'UTC');
        v_count := v_count + 1;
    end loop;
    return v_count;
end;
$$;
