create or replace function auth.require_user(p_caller auth.caller, p_email text)
returns data.company_user
language plpgsql volatile set search_path = ''
as $$
-- The user of that e-mail in the caller's company, locked: nobody signs in as him, changes or removes him meanwhile.
--
-- Errors:
--   JB403  he is an administrator, and the caller's session has not all rights
--   JB404  the company has no such user, or he was removed
-- Rules:
--   Users are locked before the company, wherever both are.
declare
    v_user data.company_user;
begin
    select person.*
    into v_user
    from data.company_user as person
    where person.company_id = p_caller.company_id
      and person.email = lower(p_email)
      and person.removed_time is null
    for no key update;
    if not found then
        raise exception using errcode = 'JB404', message = format('user %s not found', left(p_email, 254));
    elsif v_user.permission_group = 'Administrators' then
        perform auth.require_administrator(p_caller, format('do this to %s, who is an administrator', v_user.email));
    end if;
    return v_user;
end;
$$;
