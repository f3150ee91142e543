create or replace function api.update_user_assigned_permissions(
    p_user_email            data.email,
    p_permission_group_name text)
returns table (
    user_email            text,
    permission_group_name text,
    result                text,
    total_token_count     bigint,
    tokens_downgraded     bigint)
language plpgsql volatile security definer set search_path = ''
as $$
-- Give a user another permission group.
--
-- Callers: administrators
-- Arguments:
--   userEmail            a user of the company, also one who has not activated his account yet
--   permissionGroupName  a built-in group, or one of the company's own
-- Returns:
--   1: the user, one row; tokensDowngraded says how many of his sessions, totalTokenCount in all, have more rights than the
--      group: they keep them until they end
-- Errors:
--   JB403  the caller is no administrator, and the user's group or the new one has a right that he has not
--   JB404  the company has no such group, or no such user
--   JB409  the user is the last active administrator, and the group is another one
-- Rules:
--   Rights are fixed at sign-in: sessions opened from now on have those of the group.
--   An administrator may give himself another group; this session goes on with what it may.
#variable_conflict use_column
declare
    v_caller   auth.caller := auth.enter_call();
    v_now      timestamptz := data.clock();
    v_built_in data.permission_group := auth.built_in_group(p_permission_group_name);
    v_group    data.rights_group;
    v_user     data.company_user;
    v_rights   text[];
    v_name     text;
    v_total    bigint;
    v_more     bigint;
begin
    if v_built_in is null then
        v_group := auth.require_own_group(v_caller, p_permission_group_name);
    end if;
    v_user := auth.require_user(v_caller, p_user_email);
    if not auth.holds_rights(v_caller, v_user.permission_group, v_user.group_id)
       or not auth.holds_rights(v_caller, coalesce(v_built_in, 'Users'), v_group.group_id) then
        raise exception using errcode = 'JB403', message = format(
            'only an administrator may give user %s the permission group %s: more rights go with it, or with his own, than you have',
            v_user.email, coalesce(v_built_in::text, v_group.group_name));
    end if;
    if v_built_in is distinct from 'Administrators' then
        perform auth.require_other_administrator(v_caller, v_user);
    end if;

    update data.company_user as person
    set permission_group = coalesce(v_built_in, 'Users'),
        group_id = v_group.group_id
    where person.company_id = v_caller.company_id
      and person.user_id = v_user.user_id;

    v_name := coalesce(v_built_in::text, v_group.group_name);
    v_rights := coalesce(auth.rights_of(v_caller.company_id, v_group.group_id), '{}')
        || auth.built_in_rights(v_built_in);          -- of no group: what every session may
    select count(*), count(*) filter (
        where not coalesce(token.permissions, auth.built_in_rights(token.permission_group)) <@ v_rights)
    into v_total, v_more
    from data.token as token
    where token.company_id = v_caller.company_id
      and token.user_id = v_user.user_id
      and auth.is_live(token, v_now);
    perform auth.audit(v_caller, v_now, 'GroupAssigned', 'User', v_user.user_uuid, v_user.email,
        format('permission group %s', v_name));

    return query
    select v_user.email::text, v_name, format('user %s has permission group %s', v_user.email, v_name), v_total, v_more;
end;
$$;
