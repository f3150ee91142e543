create or replace function api.create_authentication_request(
    p_name                   data.entity_name,
    p_session_material       data.session_material,
    p_tfa_code               text default null,
    p_requested_permissions  text default null,
    p_token_expiration_hours integer default 24,
    p_target                 text default null,
    out sessions             data.opened_session[],
    out next_request_token   data.revealed,
    out refused_status       integer,
    out refused_message      text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Sign in: open a session and get its token.
--
-- E-mail and password hash come in the headers Rediacc-UserEmail and Rediacc-UserHash.
--
-- Callers: anyone
-- Ceremony: sign_in
-- Arguments:
--   name                  of the session, for its owner to know it again
--   tfaCode               of an account with a second factor: the six digits that the device shows, or a recovery code
--   requestedPermissions  a permission group: the session may call no more than this group may
--   tokenExpirationHours  how long the session may last, 1 to 8760, default 24
--   target                a bridge that the session speaks for
-- Returns:
--   1: the session, one row; its token is shown here and nowhere else
-- Errors:
--   JB400  tokenExpirationHours is out of range, or headers are missing or malformed
--   JB401  no such user, not activated, deactivated, or a wrong password: one text for all; or a wrong code
--   JB403  the company takes only administrators now, or the bridge serves no machine of a team of the user's
--   JB404  the company has no such permission group, or no such bridge
--   JB429  there were too many failures; the header Retry-After says when to try again
--   JB503  the password was changed during the call
-- Rules:
--   The session has the rights of the user's permission group as it is now.
--   A failed sign-in costs the same and says the same, whatever its reason; it is counted, and kept in the company's audit.
--   With a second factor and no code, the session may do nothing for 10 minutes but show it: authenticationStatus TFA_REQUIRED.
--   A code works once.
--   A session with fewer rights than its user has cannot change his password or second factor without the password.
declare
    v_caller  auth.caller := auth.enter_call();
    v_now     timestamptz := data.clock();
    v_company data.company;
    v_user    data.company_user;
    v_token   data.token_material := (p_session_material).token;
    v_upgrade data.password_material := (p_session_material).upgrade;
    v_code    data.code_material := (p_session_material).code;
    v_expires timestamptz := v_now + make_interval(hours => p_token_expiration_hours);
    v_awaits  boolean;
    v_rights  data.session_rights;
    v_bridge  bigint;
begin
    if p_token_expiration_hours not between 1 and 8760 then
        raise exception using errcode = 'JB400', message = format(
            'tokenExpirationHours is %s: 1 hour to 8760 (a year) are possible', p_token_expiration_hours);
    end if;

    -- Locked: a session must not slip in while its user is deactivated, and of one code sent twice only one is good.
    select person.*
    into v_user
    from data.email_address as address
    join data.company_user as person on person.company_id = address.company_id and person.user_id = address.user_id
    where address.email = (p_session_material).email
    for no key update of person;
    v_caller.company_id := v_user.company_id;
    v_caller.user_id := v_user.user_id;
    v_caller.actor := v_user.email;

    if v_token.token_id is not null and v_user.argon2_salt <> (p_session_material).argon2_salt then
        raise exception using errcode = 'JB503', message = 'the password was changed during the call: repeat it';
    end if;

    if v_user.totp_secret is not null then
        -- Again, with the user locked: of many codes sent at once, each waits for the failures of those before.
        perform auth.require_no_brake(v_user.email, v_now);
    end if;

    v_awaits := v_user.totp_secret is not null and v_code is null;
    if v_token.token_id is null
       or v_user.activated_time is null
       or v_user.deactivated_time is not null
       or v_user.verifier is distinct from sha256((p_session_material).proof) then
        refused_message := 'Authentication required: e-mail or password is wrong, or the account is not active';
    elsif v_user.totp_secret is not null and not v_awaits and not auth.accept_code(v_user, v_code) then
        refused_message := 'Authentication required: Invalid verification code';
    end if;
    if refused_message is not null then
        refused_status := 401;
        perform auth.count_failure((p_session_material).email, v_now);
        if v_user.user_id is not null then
            perform auth.audit(
                v_caller, v_now, 'SignInFailed', 'User', v_user.user_uuid, v_user.email, refused_message, refused_status);
        end if;
        return;
    end if;

    select company.*
    into v_company
    from data.company as company
    where company.company_id = v_user.company_id;
    if v_company.requests_blocked_time is not null
       and not (v_user.permission_group = 'Administrators' and v_user.group_id is null) then
        raise exception using errcode = 'JB403', message = format(
            'company %s takes no sign-ins but those of its administrators now', v_company.company_name);
    end if;
    v_rights := auth.session_rights(v_user, p_requested_permissions);
    if p_target is not null then
        v_bridge := auth.require_target_bridge(v_user, p_target);
    end if;

    if v_upgrade.verifier is not null then
        perform data.store_password(v_user.company_id, v_user.user_id, v_upgrade, v_now);
    end if;
    perform data.store_token(
        v_user.company_id, 'session', v_token, p_name,
        case when v_awaits then least(v_expires, v_now + interval '10 minutes') else v_expires end,
        v_now, v_user.user_id,
        p_user_id => v_user.user_id,
        p_permission_group => v_rights.permission_group,
        p_permissions => v_rights.permissions,
        p_permissions_name => v_rights.permissions_name,
        p_target_bridge_id => v_bridge,
        p_awaits_code => v_awaits,
        p_full_expires => case when v_awaits then v_expires end,
        p_password_shown => case when v_rights is not distinct from auth.session_rights(v_user, null) then v_now end);

    sessions := array[row(
        null, case when v_awaits then least(v_expires, v_now + interval '10 minutes') else v_expires end,
        p_token_expiration_hours, v_company.company_name, not v_awaits, v_user.preferred_language,
        case when v_awaits then 'TFA_REQUIRED' else 'AUTHORIZED' end, null)::data.opened_session];
    if v_awaits then
        perform auth.audit(v_caller, v_now, 'PasswordAccepted', 'Session', v_token.token_id, p_name, 'awaits its second factor');
    else
        perform auth.complete_sign_in(v_caller, v_token.token_id, v_now);
    end if;
end;
$$;
