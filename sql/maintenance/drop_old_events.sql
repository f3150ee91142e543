create or replace function maintenance.drop_old_events(p_keep_days integer)
returns integer
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
-- Drop the months of events that nobody needs any more.
--
-- Arguments:
--   keep_days  events of this age are kept, whatever has become of their items
-- Returns:
--   how many
-- Rules:
--   Whole months, older than that and older than the oldest item that still exists, finished or not: what can be looked at has its
--   whole trace. So one item that is kept for ever keeps the months since it was made.
--   A table in use is left for the next time: whoever writes events must not wait for this.
declare
    v_since timestamptz := data.clock() - make_interval(days => p_keep_days);
    v_name  text;
    v_count integer := 0;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('maintenance.drop_old_events', 0)) then
        return 0;
    end if;

    -- Numbers are given in the order of time, but for transactions side by side.
    v_since := least(v_since, (
        select min(oldest.created_time) - interval '1 day'
        from data.company as company
        cross join lateral (
            select item.created_time
            from data.queue_item as item
            where item.company_id = company.company_id
            order by item.queue_id
            limit 1) as oldest));

    for v_name in
        select partition.relname
        from pg_inherits as child
        join pg_class as partition on partition.oid = child.inhrelid
        where child.inhparent = 'data.queue_event'::regclass
          and partition.relname ~ '^queue_event_\d{4}_\d{2}$'
          and partition.relname < 'queue_event_' || to_char(v_since at time zone 'UTC', 'YYYY_MM')
        order by partition.relname
    loop
        execute format('drop table data.%I', v_name);
        v_count := v_count + 1;
    end loop;

    delete from data.queue_event_default as kept
    where kept.event_time < v_since;
    return v_count;
end;
$$;
