create or replace function api.activate_user_account(
    p_activation_code     data.secret,
    p_activation_material data.activation_material,
    out accounts          data.activated_account[],
    out refused_status    integer,
    out refused_message   text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Activate an account with the code of its invitation, and set its password.
--
-- E-mail and password hash come in the headers Rediacc-UserEmail and Rediacc-UserHash.
--
-- Callers: anyone
-- Ceremony: activation
-- Arguments:
--   activationCode  from the invitation; the broker keeps it to itself, only what it proves comes here
-- Returns:
--   1: one row, with a sentence
-- Errors:
--   JB400  a code that is no code, or headers that are missing or malformed
--   JB403  the code is not good for this e-mail: one text, whatever the reason
--   JB429  there were too many wrong codes or passwords before
--   JB503  the company's keys were changed during the call
-- Rules:
--   A code is good for 7 days, for 10 tries and for one use.
--   A wrong code counts as a try, and stays counted though the call is refused; it slows down who goes on guessing.
--   A failure is kept in the company's audit.
--   The password is the one sent here, whatever was sent when the user was made.
declare
    v_caller     auth.caller := auth.enter_call();
    v_now        timestamptz := data.clock();
    v_user       data.company_user;
    v_invitation data.invitation;
    v_password   data.password_material := (p_activation_material).password;
begin
    perform auth.require_no_brake((p_activation_material).email, v_now);

    select person.*
    into v_user
    from data.email_address as address
    join data.company_user as person on person.company_id = address.company_id and person.user_id = address.user_id
    where address.email = (p_activation_material).email
      and person.deactivated_time is null
    for no key update of person;

    v_caller.company_id := v_user.company_id;
    v_caller.user_id := v_user.user_id;
    v_caller.actor := v_user.email;

    -- Locked: of many tries at once each is counted.
    select invitation.*
    into v_invitation
    from data.invitation as invitation
    where invitation.company_id = v_user.company_id
      and invitation.user_id = v_user.user_id
    for update;

    if v_invitation.tries < 10
       and v_invitation.expires_time > v_now
       and v_invitation.verifier = sha256((p_activation_material).proof)
       and v_password.verifier is not null then
        perform data.store_password(v_user.company_id, v_user.user_id, v_password, v_now);
        perform data.end_invitation(v_user.company_id, v_user.user_id, v_user.user_uuid);
        update data.company as company
        set activated_time = v_now
        where company.company_id = v_user.company_id
          and company.activated_time is null;
        perform auth.audit(v_caller, v_now, 'Activated', 'User', v_user.user_uuid, v_user.email);
        accounts := array[row(v_user.email, format('account %s activated', v_user.email))::data.activated_account];
        return;
    end if;

    perform auth.count_failure((p_activation_material).email, v_now);
    update data.invitation as invitation
    set tries = least(invitation.tries + 1, 10)
    where invitation.company_id = v_user.company_id
      and invitation.user_id = v_user.user_id;
    refused_status := 403;
    refused_message := 'the activation code is not good for this e-mail: it is wrong, used, expired, or was tried too often; '
        || 'an administrator can invite again';
    if v_user.user_id is not null then
        perform auth.audit(
            v_caller, v_now, 'ActivationFailed', 'User', v_user.user_uuid, v_user.email, refused_message, refused_status);
    end if;
end;
$$;
