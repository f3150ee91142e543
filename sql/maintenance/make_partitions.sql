create or replace function maintenance.make_partitions()
returns integer
language plpgsql volatile security definer set search_path = ''
as $$
-- Have partitions of events and audit ready for this month and the two that follow.
--
-- Returns:
--   how many were made
-- Rules:
--   A month whose rows already lie in the default partition stays there: moving them would lock the table.
declare
    v_month  date := date_trunc('month', data.clock() at time zone 'UTC');
    v_table  record;
    v_from   timestamptz;
    v_to     timestamptz;
    v_name   text;
    v_filled boolean;
    v_count  integer := 0;
begin
    perform pg_advisory_xact_lock(hashtextextended('maintenance.make_partitions', 0));

    for v_table in
        select * from (values ('queue_event', 'event_time'), ('audit', 'audit_time')) as parent (name, time_column)
    loop
        for v_ahead in 0 .. 2 loop
            v_from := (v_month + make_interval(months => v_ahead)) at time zone 'UTC';
            v_to := (v_month + make_interval(months => v_ahead + 1)) at time zone 'UTC';
            v_name := v_table.name || to_char(v_from at time zone 'UTC', '_YYYY_MM');
            continue when to_regclass('data.' || v_name) is not null;
            execute format('select exists (select from data.%I where %I >= $1 and %2$I < $2)',
                v_table.name || '_default', v_table.time_column) into v_filled using v_from, v_to;
            continue when v_filled;
            execute format('create table data.%I partition of data.%I for values from (%L) to (%L)',
                v_name, v_table.name, v_from, v_to);
            v_count := v_count + 1;
        end loop;
    end loop;
    return v_count;
end;
$$;
