create or replace function api.create_permission_group(p_permission_group_name data.entity_name)
returns table (
    permission_group_name text,
    result                text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Make a permission group of the company's own, with no permission yet.
--
-- Callers: administrators
-- Arguments:
--   permissionGroupName  its name
-- Returns:
--   1: the group, one row
-- Errors:
--   JB402  the company's plan allows no groups of its own
--   JB403  the caller is no administrator
--   JB409  the company has a group of that name, or a built-in one is called so
-- Rules:
--   Names of groups are unique in a company, whatever their case.
--   Administrators, Users and Bridges are built in.
#variable_conflict use_column
declare
    v_caller     auth.caller := auth.enter_call();
    v_now        timestamptz := data.clock();
    v_group_uuid uuid := data.uuid_v7();
begin
    if auth.built_in_group(p_permission_group_name) is not null then
        raise exception using errcode = 'JB409', message = format(
            'permission group %s exists already: it is built in', auth.built_in_group(p_permission_group_name));
    end if;
    perform auth.require_room(v_caller, 'permission groups');

    insert into data.rights_group (company_id, group_uuid, group_name, created_time)
    values (v_caller.company_id, v_group_uuid, p_permission_group_name, v_now)
    on conflict do nothing;
    if not found then
        raise exception using errcode = 'JB409', message = format(
            'permission group %s exists already', p_permission_group_name);
    end if;
    perform auth.audit(v_caller, v_now, 'Created', 'PermissionGroup', v_group_uuid, p_permission_group_name);

    return query
    select p_permission_group_name::text, format('permission group %s created', p_permission_group_name);
end;
$$;
