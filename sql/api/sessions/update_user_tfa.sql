create or replace function api.update_user_tfa(
    p_enable                 boolean,
    p_second_factor_material data.second_factor_material,
    p_generate_only          boolean default null,
    p_confirm_enable         boolean default null,
    p_user_hash              text default null,
    p_secret                 text default null,
    p_verification_code      text default null,
    p_current_code           text default null,
    out changes              data.changed_second_factor[],
    out refused_status       integer,
    out refused_message      text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Set up or remove the second factor of one's own account: time-based codes of an authenticator (TOTP, RFC 6238).
--
-- In two steps: with enable true and the password a secret is made; with its first code and confirmEnable true it is kept.
-- Secrets, codes and the password's hash stay with the broker; only what they prove comes here.
--
-- Name: UpdateUserTFA
-- Callers: sessions
-- Ceremony: second_factor
-- Arguments:
--   enable            true to set it up, false to remove it
--   generateOnly      only make a secret, whatever else is sent
--   confirmEnable     keep the secret, which is sent again with its code
--   userHash          of the password, as in the header Rediacc-UserHash: to make a secret, and to remove it
--   secret            to confirm: the secret that was made
--   verificationCode  to confirm: the six digits that the device shows
--   currentCode       to remove: likewise, or a recovery code
-- Returns:
--   1: one row; secret and otpauthUri when a secret was made, recoveryCodes when it was confirmed: each is shown once
-- Errors:
--   JB400  a member that the step needs is missing or malformed
--   JB403  the password or the code is wrong, or the session was not opened with the password a moment ago
--   JB409  the second factor is set up already, or there is none to remove
--   JB429  there were too many failures; the header Retry-After says when to try again
--   JB503  the password was changed during the call
-- Rules:
--   To confirm, the password must have been shown in this session in the last 10 minutes: at sign-in with all the user's
--   rights, or for the secret.
--   Ten recovery codes are made when it is confirmed; each works once in place of a code.
--   A wrong password or code is counted. The code that confirmed may also sign in or remove.
--   Other sessions go on.
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_user   data.company_user;
    v_shown  data.second_factor_material := p_second_factor_material;
    v_result text;
begin
    if v_caller.token_id is null then
        raise exception using errcode = 'JB403', message = 'this call needs secrets: make it through the broker';
    end if;

    select person.*
    into v_user
    from data.company_user as person
    where person.company_id = v_caller.company_id
      and person.user_id = v_caller.user_id
    for no key update;

    if p_enable and v_user.totp_secret is not null then
        raise exception using errcode = 'JB409', message = 'two-factor authentication (TFA) is already enabled';
    end if;
    if not p_enable and v_user.totp_secret is null then
        raise exception using errcode = 'JB409', message = 'two-factor authentication (TFA) is not enabled';
    end if;
    -- Again, with the user locked: of many tries at once, each waits for the failures of those before.
    perform auth.require_no_brake(v_user.email, v_now);

    if p_confirm_enable then
        if not exists (
            select from data.token as token
            where token.company_id = v_caller.company_id
              and token.token_id = v_caller.token_id
              and token.password_shown_time > v_now - interval '10 minutes') then
            raise exception using errcode = 'JB403',
                message = 'the password was not shown in this session in the last 10 minutes: make a new secret with userHash';
        end if;
        if v_shown.new_secret is null then
            refused_message := 'Invalid verification code';
        end if;
    else
        if v_shown.argon2_salt <> v_user.argon2_salt then
            raise exception using errcode = 'JB503', message = 'the password was changed during the call: repeat it';
        end if;
        if v_user.verifier is distinct from sha256(v_shown.proof) then
            refused_message := 'Invalid password: userHash is not that of the current one';
        elsif not p_enable and not auth.accept_code(v_user, v_shown.code) then
            refused_message := 'Invalid verification code';
        end if;
    end if;
    if refused_message is not null then
        refused_status := 403;
        perform auth.count_failure(v_user.email, v_now);
        return;
    end if;

    if p_confirm_enable then
        v_result := 'TFA enabled';
        perform auth.keep_second_factor(v_user, v_shown, v_now);
        perform auth.audit(v_caller, v_now, 'TFAEnabled', 'User', v_user.user_uuid, v_user.email);
    elsif p_enable then
        v_result := 'TOTP secret made: confirm it with its code';
        update data.token as token
        set password_shown_time = v_now
        where token.company_id = v_caller.company_id
          and token.token_id = v_caller.token_id;
    else
        v_result := 'TFA disabled';
        perform auth.keep_second_factor(v_user, null, v_now);
        perform auth.audit(v_caller, v_now, 'TFADisabled', 'User', v_user.user_uuid, v_user.email);
    end if;

    changes := array[row(null, null, v_user.email, 'TOTP', v_result, null)::data.changed_second_factor];
end;
$$;
