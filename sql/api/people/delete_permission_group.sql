create or replace function api.delete_permission_group(p_permission_group_name text)
returns table (
    removed_permission_group_name text,
    result                        text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Delete a permission group of the company's own.
--
-- Callers: administrators
-- Arguments:
--   permissionGroupName  a group that no user has
-- Returns:
--   1: the group that was deleted, one row
-- Errors:
--   JB403  the caller is no administrator; a permission to call this is not enough
--   JB404  the company has no such group
--   JB409  users are assigned to it, or it is built in
-- Rules:
--   Sessions that were opened with its rights keep them until they end.
#variable_conflict use_column
declare
    v_caller     auth.caller := auth.enter_call();
    v_now        timestamptz := data.clock();
    v_group      data.rights_group := auth.require_own_group(v_caller, p_permission_group_name);
    v_user_count bigint;
begin
    perform auth.require_administrator(v_caller, 'delete a permission group');
    select count(*)
    into v_user_count
    from data.company_user as person
    where person.company_id = v_caller.company_id
      and person.group_id = v_group.group_id
      and person.removed_time is null;
    if v_user_count > 0 then
        raise exception using errcode = 'JB409', message = format(
            'permission group %s has %s %s: assign another group first', v_group.group_name, v_user_count,
            case v_user_count when 1 then 'user' else 'users' end);
    end if;

    update data.company_user as person
    set group_id = null                     -- only of those who were removed; a reference would hold the group for ever
    where person.company_id = v_caller.company_id
      and person.group_id = v_group.group_id;
    delete from data.rights_group as rights
    where rights.company_id = v_caller.company_id
      and rights.group_id = v_group.group_id;
    perform auth.audit(v_caller, v_now, 'Deleted', 'PermissionGroup', v_group.group_uuid, v_group.group_name);

    return query
    select v_group.group_name::text, format('permission group %s deleted', v_group.group_name);
end;
$$;
