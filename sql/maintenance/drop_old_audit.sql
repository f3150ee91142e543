create or replace function maintenance.drop_old_audit()
returns integer
language plpgsql volatile security definer set search_path = '' set lock_timeout = '100ms'
as $$
-- Drop the months of the audit that no plan shows any more.
--
-- Returns:
--   how many
-- Rules:
--   Whole months, older than the longest that is kept for any company; companies of smaller plans are shown less.
--   The anchors of dropped rows stay: the chain that is checked begins after them.
--   A table in use is left for the next time: whoever writes audit rows waits for this a tenth of a second at most, and once more
--   where somebody holds a month by itself.
declare
    v_since timestamptz := data.audit_kept_since(data.clock());
begin
    if not pg_try_advisory_xact_lock(hashtextextended('maintenance.drop_old_audit', 0)) then
        return 0;
    end if;

    return data.drop_months('audit', 'audit_time', v_since);
end;
$$;
