create or replace function api.privilege_authentication_request(
    p_session_code_material data.session_code_material,
    p_tfa_code              text default null,
    out sessions            data.authorized_session[],
    out refused_status      integer,
    out refused_message     text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Show the second factor that a session awaits.
--
-- Callers: sessions, pending
-- Ceremony: session_code
-- Arguments:
--   tfaCode  the six digits that the device shows, or a recovery code
-- Returns:
--   1: one row
-- Errors:
--   JB400  the call is made without a session
--   JB403  the code is wrong, or was used before
--   JB429  there were too many failures; the header Retry-After says when to try again
-- Rules:
--   A session that is authorized already stays so, whatever the code.
--   A wrong code is counted like a wrong password. A right one works once.
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_user   data.company_user;
    v_code   data.code_material := (p_session_code_material).code;
begin
    if v_caller.token_id is null then
        raise exception using errcode = 'JB400', message = 'there is no session to authorize';
    end if;

    select person.*
    into v_user
    from data.company_user as person
    where person.company_id = v_caller.company_id
      and person.user_id = v_caller.user_id
    for no key update;

    if v_caller.awaits_code then
        -- Again, with the user locked: of many codes sent at once, each waits for the failures of those before.
        perform auth.require_no_brake(v_user.email, v_now);
        if v_user.totp_secret is not null and not auth.accept_code(v_user, v_code) then
            refused_status := 403;
            refused_message := 'Invalid verification code';
            perform auth.count_failure(v_user.email, v_now);
            return;
        end if;

        update data.token as token
        set awaits_code = false,
            expires_time = token.full_expires_time,
            full_expires_time = null
        where token.company_id = v_caller.company_id
          and token.token_id = v_caller.token_id
          and token.awaits_code;
        if found then
            perform auth.complete_sign_in(v_caller, v_caller.token_id, v_now);
        end if;
    end if;

    sessions := array[row(
        v_user.email, 'Session is authorized', true, v_user.totp_secret is not null)::data.authorized_session];
end;
$$;
