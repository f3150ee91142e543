create or replace function api.create_permission_in_group(
    p_permission_group_name text,
    p_permission_name       data.permission_name)
returns table (
    permission_name       text,
    permission_group_name text,
    result                text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Permit a group of the company's own to call a procedure.
--
-- Callers: administrators
-- Arguments:
--   permissionGroupName  a group of the company's own
--   permissionName       name of a procedure, also of one that is not built
-- Returns:
--   1: the permission, one row
-- Errors:
--   JB403  the caller is no administrator; a permission to call this is not enough
--   JB404  the company has no such group
--   JB409  the group has the permission already, or is built in
-- Rules:
--   Users of the group have the permission in the sessions that they open from now on.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_group  data.rights_group := auth.require_own_group(v_caller, p_permission_group_name);
begin
    perform auth.require_administrator(v_caller, 'change what a permission group may call');
    insert into data.group_permission (company_id, group_id, permission_name)
    values (v_caller.company_id, v_group.group_id, p_permission_name)
    on conflict do nothing;
    if not found then
        raise exception using errcode = 'JB409', message = format(
            'permission group %s has the permission %s already', v_group.group_name, p_permission_name);
    end if;
    perform auth.audit(
        v_caller, v_now, 'PermissionAdded', 'PermissionGroup', v_group.group_uuid, v_group.group_name, p_permission_name);

    return query
    select p_permission_name::text, v_group.group_name::text,
           format('permission %s added to group %s', p_permission_name, v_group.group_name);
end;
$$;
