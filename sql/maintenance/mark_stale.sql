create or replace function maintenance.mark_stale(p_threshold_minutes integer)
returns integer
language plpgsql volatile security definer set search_path = ''
as $$
-- Flag items in agents' hands that have shown no sign of life for longer than the threshold, once each, with an event.
--
-- Returns:
--   how many were flagged
-- Rules:
--   A flag only: the claim stays good, and the next sign of life takes the flag away.
--   An item whose agent is speaking right now is locked, and skipped: bulk heartbeats lock in another order.
--   Two brokers at once: one works, the other finds the lock taken and does nothing.
declare
    v_now   timestamptz := data.clock();
    v_item  data.queue_item;
    v_count integer := 0;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('maintenance.mark_stale', 0)) then
        return 0;
    end if;

    for v_item in
        select item.*
        from data.queue_item as item
        where item.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING')
          and item.stale_time is null
          and item.last_heartbeat_time < v_now - make_interval(mins => p_threshold_minutes)
        for update skip locked
    loop
        update data.queue_item as item
        set stale_time = v_now
        where item.company_id = v_item.company_id
          and item.queue_id = v_item.queue_id;
        perform data.record_event(v_item, 'STALE', 'broker', v_now,
            format('no sign of life since %s', to_char(v_item.last_heartbeat_time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')));
        v_count := v_count + 1;
    end loop;
    return v_count;
end;
$$;
