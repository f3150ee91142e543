create or replace function api.get_company_permission_groups()
returns table (
    permission_group_name text,
    user_count            bigint,
    permission_count      integer,
    permissions           text)
language plpgsql volatile security definer set search_path = ''
as $$
-- List the permission groups of the company: the built-in ones and its own.
--
-- Callers: users
-- Returns:
--   1: the groups by name; permissions are names of procedures, separated by commas
-- Rules:
--   Users who have not activated their account yet, or are deactivated, count as well.
--   What a user's own account needs, every session may call: a group of the company's own need not list it.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
begin
    return query
    select groups.name, groups.user_count, cardinality(groups.rights), array_to_string(groups.rights, ',')
    from (
        select built_in::text as name, auth.built_in_rights(built_in) as rights, (
                   select count(*)
                   from data.company_user as person
                   where person.company_id = v_caller.company_id
                     and person.permission_group = built_in
                     and person.group_id is null
                     and person.removed_time is null) as user_count
        from unnest(enum_range(null::data.permission_group)) as built_in
        union all
        select own.group_name, auth.rights_of(own.company_id, own.group_id), (
                   select count(*)
                   from data.company_user as person
                   where person.company_id = own.company_id
                     and person.group_id = own.group_id
                     and person.removed_time is null)
        from data.rights_group as own
        where own.company_id = v_caller.company_id) as groups
    order by lower(groups.name);
end;
$$;
