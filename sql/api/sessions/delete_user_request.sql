create or replace function api.delete_user_request(
    p_target_request_id bigint default null)
returns table (
    user_email   text,
    session_name text,
    result       text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Sign out: end the session that makes this call, or another one.
--
-- Callers: sessions, pending
-- Arguments:
--   targetRequestId  number of a session, from GetUserRequests; the one that makes this call if it is left out
-- Returns:
--   1: the session that was ended, one row
-- Errors:
--   JB400  the call is made without a session, and names none
--   JB403  this session awaits its second factor, so it may end no other
--   JB404  the company has no such session, or it is somebody else's and the caller is no administrator
-- Rules:
--   The token is dead at once, and so are those of sessions that were forked from it; other sessions go on.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_token  data.token;
    v_email  text;
begin
    if p_target_request_id is null and v_caller.token_id is null then
        raise exception using errcode = 'JB400', message = 'there is no session to end';
    end if;

    select token.*
    into v_token
    from data.token as token
    where token.company_id = v_caller.company_id
      and token.kind = 'session'
      and case when p_target_request_id is null
          then token.token_id = v_caller.token_id
          else token.request_id = p_target_request_id
      end
      and (token.user_id = v_caller.user_id
           or (v_caller.permission_group = 'Administrators' and v_caller.permissions is null))
    for update;
    if not found then
        raise exception using errcode = 'JB404', message = format('session %s not found', p_target_request_id);
    end if;
    if v_caller.awaits_code and v_token.token_id <> v_caller.token_id then
        raise exception using errcode = 'JB403',
            message = 'this session awaits its second factor: it may end no other';
    end if;
    select person.email
    into v_email
    from data.company_user as person
    where person.company_id = v_caller.company_id
      and person.user_id = v_token.user_id;

    perform data.end_token(v_caller.company_id, v_token.token_id);
    perform auth.audit(
        v_caller, v_now, 'SignedOut', 'Session', v_token.token_id, v_token.token_name,
        format('session %s of %s', v_token.request_id, v_email));

    return query
    select v_email, v_token.token_name::text, 'session ended';
end;
$$;
