create or replace function maintenance.expire_items()
returns integer
language plpgsql volatile security definer set search_path = ''
as $$
-- Fail the items that nobody has picked up within their time (expiresAfterSeconds).
--
-- Returns:
--   how many
-- Rules:
--   FAILED with reason EXPIRED. An item that was picked up once does not expire, though it waits again.
--   What waits for others is not due yet, and does not expire.
--   No claim hands out an expired item, whether or not this has run.
--   Company by company, 1,000 items each at most; the rest waits for the next run.
--   Two brokers at once: one works, the other finds the lock taken and does nothing.
declare
    v_now        timestamptz := data.clock();
    v_company_id bigint;
    v_item       data.queue_item;
    v_count      integer := 0;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('maintenance.expire_items', 0)) then
        return 0;
    end if;

    for v_company_id in
        select distinct item.company_id
        from data.queue_item as item
        where item.status = 'PENDING'
          and item.expires_time <= v_now
          and item.held is distinct from 'DEPENDENCY'
    loop
        for v_item in
            select item.*
            from data.queue_item as item
            where item.company_id = v_company_id
              and item.status = 'PENDING'
              and item.expires_time <= v_now
              and item.held is distinct from 'DEPENDENCY'
            order by item.queue_id
            limit 1000
            for update skip locked
        loop
            perform queue.end_unanswered(v_item, 'FAILED', 'EXPIRED', 'broker', v_now, 'EXPIRED: nobody picked it up in time');
            v_count := v_count + 1;
        end loop;
    end loop;
    return v_count;
end;
$$;
