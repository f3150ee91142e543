create or replace function maintenance.check_audit()
returns table (
    company_uuid uuid,
    complaint    text)
language plpgsql stable security definer set search_path = ''
as $$
-- Look whether the audit is what its anchors say: rows changed, removed or added afterwards do not fit.
--
-- Returns:
--   what does not fit; nothing when all is well
-- Rules:
--   Anchors whose rows may have gone with their month are taken as given, from the first on without a gap.
--   So are those of the server that a restored dump came from: the next anchor after them is over all rows.
--   Anchors that were removed from the end are missed by nobody but the log.
declare
    v_now      timestamptz := data.clock();
    v_since    timestamptz := data.audit_kept_since(v_now) + interval '1 day';
    v_company  data.company;
    v_anchor   data.audit_anchor;
    v_before   data.audit_anchor;
    v_counted  record;
    v_given    boolean;
    v_restart  bigint;
    v_row      record;
begin
    for v_company in
        select company.*
        from data.company as company
        order by company.company_id
    loop
        company_uuid := v_company.company_uuid;
        v_given := true;
        v_before := null;
        select coalesce(max(anchor.anchor_id), 0)
        into v_restart
        from data.audit_anchor as anchor
        where anchor.company_id = v_company.company_id
          and anchor.before_xid = '0';
        for v_anchor in
            select anchor.*
            from data.audit_anchor as anchor
            where anchor.company_id = v_company.company_id
            order by anchor.anchor_id
        loop
            v_given := v_given and (v_anchor.first_time < v_since or v_anchor.anchor_id < v_restart);
            if not v_given then
                v_counted := case
                    when v_anchor.before_xid = '0' then data.digest_audit(
                        v_company.company_id, v_before.digest, '0', null, 0, v_anchor.after_audit_id)
                    else data.digest_audit(
                        v_company.company_id, v_before.digest, coalesce(v_before.before_xid, '0'), v_anchor.before_xid,
                        v_anchor.after_audit_id, null)
                end;
                if v_counted.digest <> v_anchor.digest or v_counted.row_count <> v_anchor.row_count then
                    complaint := format('anchor %s of %s does not fit its rows: %s then, %s now', v_anchor.anchor_id,
                        to_char(v_anchor.anchor_time at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), v_anchor.row_count,
                        v_counted.row_count);
                    return next;
                elsif v_anchor.before_xid <> '0' and v_counted.first_time < v_before.anchor_time - interval '1 day' then
                    complaint := format('anchor %s has a row that says it is of %s, before the anchor before',
                        v_anchor.anchor_id, to_char(v_counted.first_time at time zone 'UTC', 'YYYY-MM-DD HH24:MI'));
                    return next;
                end if;
            end if;
            v_before := v_anchor;
        end loop;

        -- Numbers and times rise together; a call lasts no longer than a minute.
        select count(*) as count, min(ordered.audit_id) as audit_id
        into v_row
        from (
            select kept.audit_id, kept.audit_time,
                   max(kept.audit_time) over (order by kept.audit_id rows between unbounded preceding and 1 preceding) as latest
            from data.audit as kept
            where kept.company_id = v_company.company_id) as ordered
        where ordered.audit_time < ordered.latest - interval '10 minutes';
        if v_row.count > 0 then
            complaint := format('%s rows say that they are older than rows written before them, the first is %s',
                v_row.count, v_row.audit_id);
            return next;
        end if;

        select count(*) as count, min(kept.audit_time) as first_time
        into v_row
        from data.audit as kept
        where kept.company_id = v_company.company_id
          and kept.transaction_id >= coalesce(v_before.before_xid, '0')
          and kept.audit_id > coalesce(v_before.after_audit_id, 0)
          and kept.audit_time < v_now - interval '1 hour';
        if v_row.count > 0 then
            complaint := format('%s rows since %s have no anchor: no broker runs its maintenance', v_row.count,
                to_char(v_row.first_time at time zone 'UTC', 'YYYY-MM-DD HH24:MI'));
            return next;
        end if;
    end loop;
end;
$$;
