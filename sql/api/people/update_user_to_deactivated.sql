create or replace function api.update_user_to_deactivated(p_user_email text)
returns table (
    user_email text,
    result     text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Shut a user out for a while; he keeps his password, teams and rights for when he comes back.
--
-- Callers: administrators
-- Arguments:
--   userEmail  a user of the company
-- Returns:
--   1: the user, one row
-- Errors:
--   JB403  the user is an administrator, and the caller is none
--   JB404  the company has no such user
--   JB409  the caller himself, the last administrator, or a user who is deactivated already
-- Rules:
--   His sessions end at once. Keys that a rotation makes meanwhile are given to him when he is activated again.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_user   data.company_user := auth.require_another_user(v_caller, p_user_email);
    v_ended  integer;
begin
    if v_user.deactivated_time is not null then
        raise exception using errcode = 'JB409', message = format('user %s is deactivated already', v_user.email);
    end if;

    v_ended := data.end_sessions(v_user.company_id, v_user.user_id);
    update data.company_user as person
    set deactivated_time = v_now
    where person.company_id = v_user.company_id
      and person.user_id = v_user.user_id;
    perform auth.audit(v_caller, v_now, 'Deactivated', 'User', v_user.user_uuid, v_user.email,
        format('%s sessions ended', v_ended));

    return query
    select v_user.email::text, format('user %s deactivated', v_user.email);
end;
$$;
