create or replace function keyring.record_refusal(p_procedure_name text, p_status integer, p_message text)
returns void
language plpgsql volatile security definer set search_path = ''
as $$
-- Keep in the audit that a user's session was refused something. The refusal itself was rolled back, so this is a call of its own.
--
-- Rules:
--   Agents are left out: their refusals are steps of the engine, which has its events. So is who acts through SQL.
--   A session writes 60 rows a minute at most; maintenance says how many more there were, in one row.
declare
    v_caller auth.caller := auth.identify();
    v_now    timestamptz := data.clock();
    v_asked  integer;
begin
    if v_caller.token_id is null or v_caller.user_id is null then
        return;
    end if;

    insert into data.refusal_count as counted (
        company_id, token_id, user_id, actor, begun_time, asked_count, left_out_count)
    values (v_caller.company_id, v_caller.token_id, v_caller.user_id, v_caller.actor, v_now, 1, 0)
    on conflict (company_id, token_id) do update
    set begun_time = case when counted.begun_time > v_now - interval '1 minute' then counted.begun_time else v_now end,
        asked_count = case when counted.begun_time > v_now - interval '1 minute' then counted.asked_count + 1 else 1 end,
        left_out_count = counted.left_out_count
            + case when counted.begun_time > v_now - interval '1 minute' and counted.asked_count >= 60 then 1 else 0 end
    returning counted.asked_count into v_asked;
    if v_asked > 60 then
        return;
    end if;

    v_caller.procedure_name := left(p_procedure_name, 100);
    perform auth.audit(
        v_caller, v_now, 'Refused', 'Procedure', null, v_caller.procedure_name, left(p_message, 200), p_status);
end;
$$;
