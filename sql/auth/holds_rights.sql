create or replace function auth.holds_rights(
    p_caller           auth.caller,
    p_permission_group data.permission_group,
    p_group_id         bigint)
returns boolean
language plpgsql stable set search_path = ''
as $$
-- Whether a session may call all that users of a group may. Nobody gives or takes over what he has not.
--
-- Arguments:
--   permission_group  a built-in group
--   group_id          of the company's own, if not null
-- Rules:
--   Only an administrator holds the rights of administrators: a list may name all procedures of today, but none of tomorrow.
begin
    if auth.is_administrator(p_caller) then
        return true;
    elsif p_group_id is null and p_permission_group = 'Administrators' then
        return false;
    end if;
    return coalesce(auth.rights_of(p_caller.company_id, p_group_id), auth.built_in_rights(p_permission_group))
        <@ (coalesce(p_caller.permissions, auth.built_in_rights(p_caller.permission_group)) || auth.built_in_rights(null));
end;
$$;
