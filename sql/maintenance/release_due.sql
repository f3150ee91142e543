create or replace function maintenance.release_due()
returns integer
language plpgsql volatile security definer set search_path = ''
as $$
-- Let the items into their lanes whose moment has come: notBefore, or the end of a backoff.
--
-- Returns:
--   how many
-- Rules:
--   Company by company, 1,000 items each at most; the rest waits for the next run.
--   The hubs see by readyTime that there is something to take.
--   Two brokers at once: one works, the other finds the lock taken and does nothing.
declare
    v_now        timestamptz := data.clock();
    v_company_id bigint;
    v_ids        bigint[];
    v_count      integer := 0;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('maintenance.release_due', 0)) then
        return 0;
    end if;

    for v_company_id in
        select distinct item.company_id
        from data.queue_item as item
        where item.status = 'PENDING'
          and item.held = 'TIME'
          and item.ready_time <= v_now
    loop
        v_ids := array(
            select item.queue_id
            from data.queue_item as item
            where item.company_id = v_company_id
              and item.status = 'PENDING'
              and item.held = 'TIME'
              and item.ready_time <= v_now
            order by item.ready_time, item.queue_id
            limit 1000
            for update skip locked);
        perform queue.enter_lanes(v_company_id, v_ids);

        update data.queue_item as item
        set held = null,
            ready_time = v_now
        where item.company_id = v_company_id
          and item.queue_id = any(v_ids);

        insert into data.queue_event (company_id, queue_id, event_time, event, attempt, actor)
        select item.company_id, item.queue_id, v_now, 'RELEASED', item.attempt, 'broker'
        from data.queue_item as item
        where item.company_id = v_company_id
          and item.queue_id = any(v_ids);
        v_count := v_count + cardinality(v_ids);
    end loop;
    return v_count;
end;
$$;
