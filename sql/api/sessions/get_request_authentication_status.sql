create or replace function api.get_request_authentication_status()
returns table (
    user_email            text,
    "is_TFA_enabled"      boolean,
    is_authorized         boolean,
    last_login_time       timestamptz,
    token_expiration      timestamptz,
    permission_group      text,
    active_token_count    bigint,
    authentication_status text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Tell how far the session that makes this call has got.
--
-- Callers: sessions, pending
-- Returns:
--   1: one row; authenticationStatus says in words whether a second factor is configured, and whether it is still awaited
-- Errors:
--   JB400  the call is made without a session
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
begin
    if v_caller.token_id is null then
        raise exception using errcode = 'JB400', message = 'there is no session to tell of';
    end if;

    return query
    select person.email::text, person.totp_secret is not null, not token.awaits_code, person.last_sign_in_time,
           token.expires_time, coalesce(token.permissions_name, token.permission_group::text),
           (select count(*)
            from data.token as other
            where other.company_id = token.company_id
              and other.user_id = token.user_id
              and not other.awaits_code
              and auth.is_live(other, v_now)),
           case
               when token.awaits_code then 'TFA required: this session awaits its code'
               when person.totp_secret is not null then 'TFA enabled: this session is authorized'
               else 'No TFA configured: this session is authorized'
           end
    from data.token as token
    join data.company_user as person on person.company_id = token.company_id and person.user_id = token.user_id
    where token.company_id = v_caller.company_id
      and token.token_id = v_caller.token_id;
end;
$$;
