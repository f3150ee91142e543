create or replace function auth.require_users_rights(p_caller auth.caller, p_new_user_email text)
returns void
language plpgsql stable set search_path = ''
as $$
-- Before a user of group Users is made. Who makes him has his code and can become him, so nobody may win rights by it.
--
-- Errors:
--   JB403  such a user has a right that the caller has not
declare
    v_lacking text;
begin
    if auth.holds_rights(p_caller, 'Users', null) then
        return;
    end if;

    select min(needed.permission_name collate "C")
    into v_lacking
    from unnest(auth.built_in_rights('Users', false)) as needed (permission_name)
    where needed.permission_name <> all(coalesce(p_caller.permissions, auth.built_in_rights(p_caller.permission_group)))
      and needed.permission_name <> all(auth.built_in_rights(null));
    raise exception using errcode = 'JB403', message = format(
        'only an administrator may invite %s: a new user may call %s, which you may not', p_new_user_email, v_lacking);
end;
$$;
