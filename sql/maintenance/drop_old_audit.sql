create or replace function maintenance.drop_old_audit()
returns integer
language plpgsql volatile security definer set search_path = '' set lock_timeout = '2s'
as $$
-- Drop the months of the audit that no plan shows any more.
--
-- Returns:
--   how many
-- Rules:
--   Whole months, older than the longest that is kept for any company; companies of smaller plans are shown less.
--   The anchors of dropped rows stay: the chain that is checked begins after them.
--   A table in use is left for the next time: whoever writes audit rows must not wait for this.
declare
    v_since timestamptz := data.audit_kept_since(data.clock());
    v_name  text;
    v_count integer := 0;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('maintenance.drop_old_audit', 0)) then
        return 0;
    end if;

    for v_name in
        select partition.relname
        from pg_inherits as child
        join pg_class as partition on partition.oid = child.inhrelid
        where child.inhparent = 'data.audit'::regclass
          and partition.relname ~ '^audit_\d{4}_\d{2}$'
          and partition.relname < 'audit_' || to_char(v_since at time zone 'UTC', 'YYYY_MM')
        order by partition.relname
    loop
        execute format('drop table data.%I', v_name);
        v_count := v_count + 1;
    end loop;

    delete from data.audit_default as kept
    where kept.audit_time < v_since;
    return v_count;
end;
$$;
