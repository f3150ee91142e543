create or replace function maintenance.reconcile()
returns integer
language plpgsql volatile security definer set search_path = ''
as $$
-- Reconcile every queue (api.reconcile_queue).
--
-- Returns:
--   how many items were taken back and orphans repaired
-- Rules:
--   Two brokers at once: one works, the other finds the lock taken and does nothing.
declare
    v_now        timestamptz := data.clock();
    v_lost_ids   bigint[] := queue.lost_lanes();
    v_company_id bigint;
    v_done       record;
    v_count      integer := 0;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('maintenance.reconcile', 0)) then
        return 0;
    end if;

    for v_company_id in
        select company.company_id
        from data.company as company
        order by company.company_id
    loop
        v_done := queue.reconcile(v_company_id, array(
            select policy.policy_id
            from data.queue_policy as policy
            where policy.company_id = v_company_id), v_lost_ids, v_now);
        v_count := v_count + v_done.recovered + v_done.orphans;
    end loop;
    return v_count;
end;
$$;
