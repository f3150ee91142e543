create or replace function api.delete_user_request()
returns table (
    user_email   text,
    session_name text,
    result       text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Sign out: end the session that makes this call.
--
-- Callers: sessions, pending
-- Returns:
--   1: the session that was ended, one row
-- Errors:
--   JB400  the call is made without a session
-- Rules:
--   The token is dead at once; other sessions go on.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_name   text;
begin
    if v_caller.token_id is null then
        raise exception using errcode = 'JB400', message = 'there is no session to end';
    end if;

    select token.token_name
    into v_name
    from data.token as token
    where token.company_id = v_caller.company_id
      and token.token_id = v_caller.token_id;

    perform data.end_token(v_caller.company_id, v_caller.token_id);

    return query
    select v_caller.actor, v_name, 'session ended';
end;
$$;
