create or replace function api.delete_user(p_user_email text)
returns table (
    user_email text,
    result     text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Remove a user for good.
--
-- Callers: administrators
-- Arguments:
--   userEmail  a user of the company
-- Returns:
--   1: the user, one row
-- Errors:
--   JB403  the user is an administrator, and the caller is none
--   JB404  the company has no such user
--   JB409  the caller himself, or the last administrator
-- Rules:
--   His keys, sessions, invitation, memberships, second factor and vault go at once, and his e-mail is free again.
--   What he made and did stays under his e-mail. Keys that he could use have never left the broker, so none is changed.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_user   data.company_user := auth.require_another_user(v_caller, p_user_email);
    v_ended  integer;
begin
    v_ended := data.remove_user(v_user.company_id, v_user.user_id, v_now);
    perform auth.audit(v_caller, v_now, 'Deleted', 'User', v_user.user_uuid, v_user.email, format('%s sessions ended', v_ended));

    return query
    select v_user.email::text, format('user %s removed', v_user.email);
end;
$$;
