create or replace function maintenance.delete_old_deliveries()
returns integer
language plpgsql volatile security definer set search_path = ''
as $$
-- Delete messages to endpoints that were sent or given up 30 days ago, and those that wait for one that is disabled for so long.
--
-- Returns:
--   how many; as long as it is 1,000 or more, there may be others
-- Rules:
--   Company by company, 1,000 of each kind at most.
--   Two brokers at once: one works, the other finds the lock taken and does nothing.
declare
    v_before     timestamptz := data.clock() - interval '30 days';
    v_company_id bigint;
    v_count      integer := 0;
    v_deleted    integer;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('maintenance.delete_old_deliveries', 0)) then
        return 0;
    end if;

    for v_company_id in
        select distinct webhook.company_id
        from data.webhook as webhook
    loop
        delete from data.webhook_delivery as delivery
        where delivery.company_id = v_company_id
          and delivery.delivery_id in (
              select old.delivery_id
              from data.webhook_delivery as old
              where old.company_id = v_company_id
                and old.settled_time < v_before
              order by old.settled_time
              limit 1000);
        get diagnostics v_deleted = row_count;
        v_count := v_count + v_deleted;

        delete from data.webhook_delivery as delivery
        where delivery.company_id = v_company_id
          and delivery.delivery_id in (
              select old.delivery_id
              from data.webhook as webhook
              join data.webhook_delivery as old on old.company_id = webhook.company_id and old.webhook_id = webhook.webhook_id
              where webhook.company_id = v_company_id
                and webhook.disabled_time < v_before
                and old.status = 'PENDING'
              limit 1000);
        get diagnostics v_deleted = row_count;
        v_count := v_count + v_deleted;
    end loop;
    return v_count;
end;
$$;
