create or replace function api.create_recovery_code(
    p_current_material  data.own_password_material,
    p_recovery_material data.recovery_material,
    p_current_user_hash data.secret default null,
    out codes           data.shown_recovery_code[],
    out refused_status  integer,
    out refused_message text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Replace the company's recovery code, which was lost or seen by somebody.
--
-- Callers: administrators
-- Ceremony: recovery_code
-- Arguments:
--   currentUserHash  the caller's password as clients hash it; a session opened by password in the last 10 minutes needs none
-- Returns:
--   1: one row; recoveryCode opens the company's vaults when nobody is left who can, and is shown here and nowhere else
-- Errors:
--   JB400  currentUserHash is malformed
--   JB403  the caller is no administrator; the current password is wrong, or needed and missing
--   JB429  there were too many wrong passwords before
--   JB503  the password or the company's keys were changed during the call
-- Rules:
--   The code before it is dead.
--   A wrong current password is counted as a failed sign-in.
declare
    v_caller  auth.caller := auth.enter_call();
    v_now     timestamptz := data.clock();
    v_company data.company;
begin
    perform auth.require_administrator(v_caller, 'make a recovery code, which makes administrators');
    perform auth.require_keys(v_caller, v_caller.token_id);

    refused_message := auth.judge_own_password(v_caller, p_current_material, v_now);
    if refused_message is not null then
        refused_status := 403;
        return;
    end if;

    select company.*
    into v_company
    from data.company as company
    where company.company_id = v_caller.company_id
    for no key update;

    perform auth.require_all_keys(v_company.company_id, 'recovery', v_company.company_uuid, p_recovery_material.grants);
    perform data.store_recovery(v_company.company_id, v_company.company_uuid, p_recovery_material, v_now);
    perform auth.audit(v_caller, v_now, 'RecoveryCodeReplaced', 'Company', v_company.company_uuid, v_company.company_name);

    codes := array[row(v_company.company_name, null, 'the recovery code before this one is dead')::data.shown_recovery_code];
end;
$$;
