create or replace function api.get_permission_group_details(p_permission_group_name text)
returns table (
    permission_group_name text,
    permission_name       text)
language plpgsql volatile security definer set search_path = ''
as $$
-- List the permissions of a group.
--
-- Callers: users
-- Arguments:
--   permissionGroupName  a built-in group, or one of the company's own
-- Returns:
--   1: its permissions by name, a row each; they are names of procedures
-- Errors:
--   JB404  the company has no such group
declare
    v_caller   auth.caller := auth.enter_call();
    v_built_in data.permission_group := auth.built_in_group(p_permission_group_name);
    v_group    data.rights_group;
begin
    if v_built_in is null then
        select own.*
        into v_group
        from data.rights_group as own
        where own.company_id = v_caller.company_id
          and lower(own.group_name) = lower(p_permission_group_name);
        if not found then
            raise exception using errcode = 'JB404', message = format(
                'permission group %s not found', left(p_permission_group_name, 100));
        end if;
    end if;

    return query
    select coalesce(v_built_in::text, v_group.group_name), listed.name
    from unnest(coalesce(auth.rights_of(v_caller.company_id, v_group.group_id), auth.built_in_rights(v_built_in)))
        as listed (name)
    order by listed.name collate "C";
end;
$$;
