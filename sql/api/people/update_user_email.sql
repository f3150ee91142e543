create or replace function api.update_user_email(
    p_current_user_email data.email,
    p_new_user_email     data.email)
returns table (
    user_email text,
    result     text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Give a user another e-mail address to sign in with.
--
-- Callers: administrators
-- Arguments:
--   currentUserEmail  a user of the company
--   newUserEmail      what he signs in with from now on
-- Returns:
--   1: the user with his new e-mail, one row
-- Errors:
--   JB403  the user is an administrator, and the caller is none
--   JB404  the company has no such user
--   JB409  the new e-mail is in use, in this or another company
-- Rules:
--   An e-mail belongs to one user in the whole system; the old one is free at once.
--   Password, sessions and an open invitation stay good: they are bound to the user, not to his e-mail.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_user   data.company_user := auth.require_user(v_caller, p_current_user_email);
begin
    insert into data.email_address (email, company_id, user_id)
    values (p_new_user_email, v_caller.company_id, v_user.user_id)
    on conflict do nothing;
    if not found then
        raise exception using errcode = 'JB409', message = format('the e-mail %s is in use already', p_new_user_email);
    end if;

    delete from data.email_address as address
    where address.email = v_user.email
      and address.company_id = v_caller.company_id;
    update data.company_user as person
    set email = p_new_user_email
    where person.company_id = v_caller.company_id
      and person.user_id = v_user.user_id;
    perform auth.audit(v_caller, v_now, 'Renamed', 'User', v_user.user_uuid, p_new_user_email,
        format('the e-mail was %s', v_user.email));

    return query
    select p_new_user_email::text, format('user %s is now %s', v_user.email, p_new_user_email);
end;
$$;
