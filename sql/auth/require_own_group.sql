create or replace function auth.require_own_group(p_caller auth.caller, p_group_name text)
returns data.rights_group
language plpgsql volatile set search_path = ''
as $$
-- The group of that name, locked, if the company has made it itself: nobody gets it, changes or deletes it meanwhile.
--
-- Errors:
--   JB404  the company has no such group
--   JB409  it is built in
declare
    v_group data.rights_group;
begin
    if auth.built_in_group(p_group_name) is not null then
        raise exception using errcode = 'JB409', message = format(
            'permission group %s is built in: it cannot be changed or deleted', auth.built_in_group(p_group_name));
    end if;

    select rights.*
    into v_group
    from data.rights_group as rights
    where rights.company_id = p_caller.company_id
      and lower(rights.group_name) = lower(p_group_name)
    for update;
    if not found then
        raise exception using errcode = 'JB404', message = format(
            'permission group %s not found', left(p_group_name, 100));
    end if;
    return v_group;
end;
$$;
