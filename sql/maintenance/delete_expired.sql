create or replace function maintenance.delete_expired()
returns integer
language plpgsql volatile security definer set search_path = ''
as $$
-- Delete what has outlived its time: idempotency keys, tokens with their grants, impersonations of ended transactions,
-- notifications after 90 days, and counts of failed sign-ins.
--
-- Returns:
--   how many rows
-- Rules:
--   Nothing that is still good is touched: each row says itself until when it is.
--   Two brokers at once: one works, the other finds the lock taken and does nothing.
declare
    v_now   timestamptz := data.clock();
    v_count integer;
    v_total integer := 0;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('maintenance.delete_expired', 0)) then
        return 0;
    end if;

    delete from data.idempotency as kept
    where kept.expires_time <= v_now;
    get diagnostics v_count = row_count;
    v_total := v_total + v_count;

    delete from data.held_key as held
    using data.token as token
    where token.expires_time <= v_now
      and held.company_id = token.company_id
      and held.holder_kind in ('session', 'agent')
      and held.holder_id = token.token_id;

    delete from data.principal_key as principal
    using data.token as token
    where token.expires_time <= v_now
      and principal.company_id = token.company_id
      and principal.holder_kind in ('session', 'agent')
      and principal.holder_id = token.token_id;

    delete from data.token as token
    where token.expires_time <= v_now;
    get diagnostics v_count = row_count;
    v_total := v_total + v_count;

    delete from data.notification as told
    where told.created_time <= v_now - interval '90 days';
    get diagnostics v_count = row_count;
    v_total := v_total + v_count;

    -- That a row is seen here says that its transaction has ended.
    delete from data.impersonation as acting
    where acting.started_time < v_now - interval '1 day';
    get diagnostics v_count = row_count;
    v_total := v_total + v_count;

    -- A failure would begin a new count. One that is just being counted is left: it holds some rows and wants others.
    delete from data.brake as brake
    where (brake.subject_kind, brake.subject) in (
        select quiet.subject_kind, quiet.subject
        from data.brake as quiet
        where quiet.last_failure_time <= v_now - interval '15 minutes'
          and quiet.blocked_until <= v_now - interval '15 minutes'
        for update skip locked);
    get diagnostics v_count = row_count;
    return v_total + v_count;
end;
$$;
