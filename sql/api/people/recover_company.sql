create or replace function api.recover_company(
    p_recovery_code      data.secret,
    p_takeover_material  data.takeover_material,
    out companies        data.recovered_company[],
    out refused_status   integer,
    out refused_message  text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Take a company over with its recovery code, when nobody is left who can sign in.
--
-- E-mail and the new password's hash come in the headers Rediacc-UserEmail and Rediacc-UserHash.
--
-- Callers: anyone
-- Ceremony: recovery
-- Arguments:
--   recoveryCode  shown when the company was made, or by CreateRecoveryCode; the broker keeps it to itself
-- Returns:
--   1: one row; recoveryCode is the new one, shown here and nowhere else: the old one is dead
-- Errors:
--   JB400  a code that is no code, or headers that are missing or malformed
--   JB403  the code is not good for this e-mail: one text, whatever the reason
--   JB409  the code opens the company's keys, but the company is older than proofs of codes
--   JB429  there were too many wrong codes or passwords before
--   JB503  the company's keys were changed during the call
-- Rules:
--   The e-mail is that of a user of the company: active, deactivated, or invited.
--   He becomes an active administrator with the password that is sent; his sessions and his second factor end.
--   Wrong codes are counted, slow down who tries them, and are kept in the company's audit.
declare
    v_caller   auth.caller := auth.enter_call();
    v_now      timestamptz := data.clock();
    v_user     data.company_user;
    v_company  data.company;
    v_recovery data.recovery;
    v_password data.password_material := (p_takeover_material).password;
begin
    perform auth.require_no_brake((p_takeover_material).email, v_now);

    select person.*
    into v_user
    from data.email_address as address
    join data.company_user as person on person.company_id = address.company_id and person.user_id = address.user_id
    where address.email = (p_takeover_material).email
      and person.removed_time is null                       -- looked at again if his removal had to be waited for
    for update of person;

    select company.*
    into v_company
    from data.company as company
    where company.company_id = v_user.company_id;

    v_caller.company_id := v_company.company_id;
    v_caller.user_id := v_user.user_id;
    v_caller.actor := v_user.email;

    -- Locked: of many uses at once one is good.
    select recovery.*
    into v_recovery
    from data.recovery as recovery
    where recovery.company_id = v_user.company_id
    for update;

    if v_recovery.verifier = sha256((p_takeover_material).proof) and v_password.verifier is not null then
        perform auth.require_all_keys(v_company.company_id, 'recovery', v_company.company_uuid, v_password.grants);
        perform data.forget_password(v_user.company_id, v_user.user_id);
        perform data.end_sessions(v_user.company_id, v_user.user_id);
        update data.company_user as person
        set deactivated_time = null,
            permission_group = 'Administrators',
            group_id = null
        where person.company_id = v_user.company_id
          and person.user_id = v_user.user_id;
        perform data.store_password(v_user.company_id, v_user.user_id, v_password, v_now);
        perform data.store_recovery(v_company.company_id, v_company.company_uuid, (p_takeover_material).recovery, v_now);
        perform auth.audit(v_caller, v_now, 'Recovered', 'Company', v_company.company_uuid, v_company.company_name,
            format('by recovery code; %s is an administrator', v_user.email));
        companies := array[row(v_user.email, v_company.company_name, null,
            format('company %s recovered; %s is its administrator', v_company.company_name, v_user.email))::data.recovered_company];
        return;
    end if;

    perform auth.count_failure((p_takeover_material).email, v_now);
    update data.recovery as recovery
    set tries = recovery.tries + 1
    where recovery.company_id = v_user.company_id;
    if v_user.user_id is not null and v_recovery.company_id is null and v_password.verifier is not null then
        -- Only who holds the code hears this; and the database, which cannot prove it, takes no broker's word for it.
        refused_status := 409;
        refused_message := 'this recovery code was made by an older version and cannot take the company over: '
            || 'an administrator can make a new one with CreateRecoveryCode';
        return;
    end if;
    refused_status := 403;
    refused_message := 'the recovery code is not good for this e-mail: it is wrong, or was replaced, or the e-mail is of no user';
    if v_user.user_id is not null then
        perform auth.audit(
            v_caller, v_now, 'RecoveryFailed', 'Company', v_company.company_uuid, v_company.company_name, refused_message,
            refused_status);
    end if;
end;
$$;
