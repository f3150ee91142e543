create or replace function api.create_authentication_request(
    p_name                   data.entity_name,
    p_session_material       data.session_material,
    p_token_expiration_hours integer default 24,
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
--   tokenExpirationHours  how long the session may last, 1 to 8760, default 24
-- Returns:
--   1: the session, one row; its token is shown here and nowhere else
-- Errors:
--   JB400  tokenExpirationHours is out of range, or headers are missing or malformed
--   JB401  no such user, not activated, deactivated, or a wrong password: one text for all
--   JB503  the password was changed during the call
-- Rules:
--   The session has the rights of the user's permission group as it is now.
--   A failed sign-in costs the same and says the same, whatever its reason.
declare
    v_caller  auth.caller := auth.enter_call();
    v_now     timestamptz := data.clock();
    v_user    data.company_user;
    v_token   data.token_material := (p_session_material).token;
    v_upgrade data.password_material := (p_session_material).upgrade;
    v_expires timestamptz := v_now + make_interval(hours => p_token_expiration_hours);
begin
    if p_token_expiration_hours not between 1 and 8760 then
        raise exception using errcode = 'JB400', message = format(
            'tokenExpirationHours is %s: 1 hour to 8760 (a year) are possible', p_token_expiration_hours);
    end if;

    -- Locked: a session must not slip in while its user is deactivated.
    select person.*
    into v_user
    from data.email_address as address
    join data.company_user as person on person.company_id = address.company_id and person.user_id = address.user_id
    where address.email = (p_session_material).email
      and person.activated_time is not null
      and person.deactivated_time is null
    for no key update of person;

    if found and v_token.token_id is not null and v_user.argon2_salt <> (p_session_material).argon2_salt then
        raise exception using errcode = 'JB503', message = 'the password was changed during the call: repeat it';
    end if;

    if v_token.token_id is null or v_user.verifier is distinct from sha256((p_session_material).proof) then
        refused_status := 401;
        refused_message := 'Authentication required: e-mail or password is wrong, or the account is not active';
        return;
    end if;

    if v_upgrade.verifier is not null then
        perform data.store_password(v_user.company_id, v_user.user_id, v_upgrade, v_now);
    end if;

    perform data.store_token(
        v_user.company_id, 'session', v_token, p_name, v_expires, v_now, v_user.user_id,
        p_user_id => v_user.user_id,
        p_permission_group => v_user.permission_group,
        p_permissions => auth.rights_of(v_user.company_id, v_user.group_id));

    sessions := array(
        select row(null, v_expires, p_token_expiration_hours, company.company_name, true, v_user.preferred_language,
                   'AUTHORIZED')::data.opened_session
        from data.company as company
        where company.company_id = v_user.company_id);
end;
$$;
