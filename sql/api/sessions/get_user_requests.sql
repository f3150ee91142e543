create or replace function api.get_user_requests()
returns setof data.listed_session
language plpgsql volatile security definer set search_path = ''
as $$
-- List the caller's own sessions.
--
-- Callers: sessions
-- Returns:
--   1: a row per session, the newest first; DeleteUserRequest takes its requestId as targetRequestId
-- Rules:
--   A session that has expired, was idle for 8 hours, or awaits its second factor is not active; it is listed until it is deleted.
declare
    v_caller auth.caller := auth.enter_call();
begin
    return query
    select listed.*
    from auth.list_sessions(v_caller.company_id, v_caller.user_id, data.clock()) as listed;
end;
$$;
