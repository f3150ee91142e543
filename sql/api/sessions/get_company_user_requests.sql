create or replace function api.get_company_user_requests()
returns setof data.listed_session
language plpgsql volatile security definer set search_path = ''
as $$
-- List the sessions of everybody in the company, so that an administrator can end one.
--
-- Callers: administrators
-- Returns:
--   1: a row per session, the newest first, as in GetUserRequests
-- Errors:
--   JB403  the caller is no administrator
declare
    v_caller auth.caller := auth.enter_call();
begin
    return query
    select listed.*
    from auth.list_sessions(v_caller.company_id, null, data.clock()) as listed;
end;
$$;
