create or replace function maintenance.rescue_lost_leases()
returns integer
language plpgsql volatile security definer set search_path = ''
as $$
-- Put back the items whose lease has run out: PENDING again, FAILED when their attempts are used up, CANCELLED when they were
-- being cancelled.
--
-- Returns:
--   how many
-- Rules:
--   Company by company, 1,000 items each at most; the rest waits for the next sweep.
--   An item whose agent is speaking right now is locked, and skipped.
--   Two brokers at once: one works, the other finds the lock taken and does nothing.
declare
    v_now        timestamptz := data.clock();
    v_company_id bigint;
    v_count      integer := 0;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('maintenance.rescue_lost_leases', 0)) then
        return 0;
    end if;

    for v_company_id in
        select distinct item.company_id
        from data.queue_item as item
        where item.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING')
          and item.lease_until < v_now
    loop
        v_count := v_count + (queue.take_back(v_company_id, null, 'LOST', v_now)).recovered;
    end loop;
    return v_count;
end;
$$;
