create or replace function maintenance.anchor_audit()
returns setof text
language plpgsql volatile security definer set search_path = ''
as $$
-- Say, for each company with new audit rows, what has been written: who changes them afterwards is found out.
--
-- Returns:
--   a line for the log per anchor: the log is where the newest anchors cannot be taken away
-- Rules:
--   Only rows of transactions older than all that run, since no younger row can come before those: nobody waits for anybody,
--   and a transaction that runs for long is anchored when it has ended.
--   A company's next anchor comes after 50 seconds: ten brokers do the work of one.
--   After a dump was restored on another server, whose transactions have lower numbers, the chain is carried on by one anchor
--   over all rows that there are; this one waits until nobody writes.
--   Two brokers at once: one works, the other finds the lock taken and does nothing.
declare
    v_now      timestamptz := data.clock();
    v_before   xid8;
    v_last     record;
    v_restored boolean;
    v_counted  record;
    v_after_id bigint;
    v_id       bigint;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('maintenance.anchor_audit', 0)) then
        return;
    end if;

    v_before := pg_snapshot_xmin(pg_current_snapshot());
    for v_last in
        select company.company_id, company.company_uuid, coalesce(anchor.before_xid, '0') as before_xid, anchor.digest,
               coalesce(anchor.after_audit_id, 0) as after_audit_id
        from data.company as company
        left join lateral (
            select newest.*
            from data.audit_anchor as newest
            where newest.company_id = company.company_id
            order by newest.anchor_id desc
            limit 1) as anchor on true
        where (anchor.anchor_time is null or anchor.anchor_time <= v_now - interval '50 seconds')
          and (anchor.before_xid > v_before or exists (
              select from data.audit as kept
              where kept.company_id = company.company_id
                and kept.transaction_id >= coalesce(anchor.before_xid, '0')
                and kept.transaction_id < v_before
                and kept.audit_id > coalesce(anchor.after_audit_id, 0)))
        order by company.company_id
    loop
        v_restored := v_last.before_xid > v_before;
        if v_restored then
            lock table data.audit in share row exclusive mode;
            select coalesce(max(kept.audit_id), v_last.after_audit_id)
            into v_after_id
            from data.audit as kept
            where kept.company_id = v_last.company_id;
            v_counted := data.digest_audit(
                v_last.company_id, v_last.digest, '0', null, 0, v_after_id);
        else
            v_after_id := v_last.after_audit_id;
            v_counted := data.digest_audit(
                v_last.company_id, v_last.digest, v_last.before_xid, v_before, v_after_id, null);
        end if;

        insert into data.audit_anchor (
            company_id, anchor_time, before_xid, row_count, digest, first_time, after_audit_id)
        values (
            v_last.company_id, v_now, case when v_restored then '0' else v_before end, v_counted.row_count, v_counted.digest,
            coalesce(v_counted.first_time, v_now), v_after_id)
        returning anchor_id into v_id;
        return next format('anchor %s of company %s over %s rows: %s', v_id, v_last.company_uuid, v_counted.row_count,
            encode(v_counted.digest, 'hex'));
    end loop;
end;
$$;
