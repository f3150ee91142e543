create or replace function maintenance.end_overdue()
returns integer
language plpgsql volatile security definer set search_path = ''
as $$
-- End the attempts that have run a minute longer than their timeout: their agents, who enforce it themselves, are gone or deaf.
--
-- Returns:
--   how many
-- Rules:
--   As after a failure with reason TIMEOUT: tried again while retries are left, else FAILED; CANCELLED when it was being cancelled.
--   The claim is over, even if its agent speaks again.
--   Company by company, 1,000 items each at most; the rest waits for the next sweep.
--   Only what has begun: one that is ASSIGNED still has its lease.
--   An item whose agent is speaking right now is locked, and skipped.
--   Two brokers at once: one works, the other finds the lock taken and does nothing.
declare
    v_now        timestamptz := data.clock();
    v_company_id bigint;
    v_count      integer := 0;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('maintenance.end_overdue', 0)) then
        return 0;
    end if;

    for v_company_id in
        select distinct item.company_id
        from data.queue_item as item
        where item.status in ('PROCESSING', 'CANCELLING')
          and item.deadline_time < v_now - interval '1 minute'
    loop
        v_count := v_count + (queue.take_back(v_company_id, null, 'TIMEOUT', v_now)).recovered;
    end loop;
    return v_count;
end;
$$;
