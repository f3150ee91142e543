create or replace function auth.require_another_user(p_caller auth.caller, p_user_email text)
returns data.company_user
language plpgsql volatile set search_path = ''
as $$
-- A user of the caller's company whom the caller is about to shut out or to give a new way in, locked; the company keeps an
-- active administrator without him.
--
-- Errors:
--   JB403  he is an administrator, and the caller's session has not all rights
--   JB404  the company has no such user
--   JB409  the caller himself, or the last administrator
declare
    v_user data.company_user := auth.require_user(p_caller, p_user_email);
begin
    if v_user.user_id = p_caller.user_id then
        raise exception using errcode = 'JB409', message = format('%s cannot do this to himself: another administrator can', v_user.email);
    end if;

    perform auth.require_other_administrator(p_caller, v_user);
    return v_user;
end;
$$;
