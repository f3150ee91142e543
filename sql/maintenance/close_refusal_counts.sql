create or replace function maintenance.close_refusal_counts()
returns integer
language plpgsql volatile security definer set search_path = ''
as $$
-- Say in the audit how many refusals of each session were left out, once its minute is over.
--
-- Returns:
--   how many counts were closed
-- Rules:
--   Two brokers at once: one works, the other finds the lock taken and does nothing.
declare
    v_now    timestamptz := data.clock();
    v_closed data.refusal_count;
    v_caller auth.caller;
    v_count  integer := 0;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('maintenance.close_refusal_counts', 0)) then
        return 0;
    end if;

    for v_closed in
        delete from data.refusal_count as counted
        where counted.begun_time <= v_now - interval '1 minute'
        returning counted.*
    loop
        v_count := v_count + 1;
        continue when v_closed.left_out_count = 0;
        v_caller.company_id := v_closed.company_id;
        v_caller.user_id := v_closed.user_id;
        v_caller.actor := v_closed.actor;
        perform auth.audit(v_caller, v_now, 'RefusalsLeftOut', 'Session', v_closed.token_id, null,
            format('%s more refusals of this session were not kept', v_closed.left_out_count));
    end loop;
    return v_count;
end;
$$;
