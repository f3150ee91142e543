create or replace function api.delete_permission_from_group(
    p_permission_group_name text,
    p_permission_name       text)
returns table (
    removed_permission_name text,
    result                  text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Take a permission from a group of the company's own.
--
-- Callers: administrators
-- Arguments:
--   permissionGroupName  a group of the company's own
--   permissionName       one of its permissions
-- Returns:
--   1: the permission that was taken, one row
-- Errors:
--   JB403  the caller is no administrator; a permission to call this is not enough
--   JB404  the company has no such group, or the group does not have the permission
--   JB409  the group is built in
-- Rules:
--   Sessions that were opened before keep it until they end.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_group  data.rights_group := auth.require_own_group(v_caller, p_permission_group_name);
begin
    perform auth.require_administrator(v_caller, 'change what a permission group may call');
    delete from data.group_permission as listed
    where listed.company_id = v_caller.company_id
      and listed.group_id = v_group.group_id
      and listed.permission_name = p_permission_name;
    if not found then
        raise exception using errcode = 'JB404', message = format(
            'permission group %s does not have the permission %s', v_group.group_name, left(p_permission_name, 100));
    end if;
    perform auth.audit(
        v_caller, v_now, 'PermissionRemoved', 'PermissionGroup', v_group.group_uuid, v_group.group_name, p_permission_name);

    return query
    select p_permission_name, format('permission %s removed from group %s', p_permission_name, v_group.group_name);
end;
$$;
