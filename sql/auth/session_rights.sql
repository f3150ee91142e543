create or replace function auth.session_rights(p_user data.company_user, p_requested text)
returns data.session_rights
language plpgsql stable set search_path = ''
as $$
-- What a session of a user may call: what he may, or the narrower of that and the permission group that he asked for.
--
-- Errors:
--   JB404  the company has no such group, and none is built in
declare
    v_own        data.session_rights;
    v_asked      data.session_rights;
    v_own_list   text[];
    v_asked_list text[];
begin
    v_own.permission_group := p_user.permission_group;
    v_own.permissions := auth.rights_of(p_user.company_id, p_user.group_id);
    v_own.permissions_name := coalesce((
        select own.group_name
        from data.rights_group as own
        where own.company_id = p_user.company_id
          and own.group_id = p_user.group_id), p_user.permission_group::text);
    if p_requested is null then
        return v_own;
    end if;

    v_asked.permission_group := auth.built_in_group(p_requested);
    v_asked.permissions_name := v_asked.permission_group::text;
    if v_asked.permission_group is null then
        select 'Users', auth.rights_of(own.company_id, own.group_id), own.group_name
        into v_asked.permission_group, v_asked.permissions, v_asked.permissions_name
        from data.rights_group as own
        where own.company_id = p_user.company_id
          and lower(own.group_name) = lower(p_requested);
        if not found then
            raise exception using errcode = 'JB404', message = format('permission group %s not found', left(p_requested, 100));
        end if;
    end if;

    v_own_list := coalesce(v_own.permissions, auth.built_in_rights(v_own.permission_group, false));
    v_asked_list := coalesce(v_asked.permissions, auth.built_in_rights(v_asked.permission_group, false));
    if v_own_list <@ v_asked_list then
        return v_own;
    end if;
    if not v_asked_list <@ v_own_list or v_asked.permission_group = 'Administrators' then
        -- What both hold. A group of the company's own that lists all that administrators may call, and more, makes none either.
        v_asked.permission_group := 'Users';
        v_asked.permissions := array(
            select listed.permission_name
            from unnest(v_asked_list) as listed (permission_name)
            where listed.permission_name = any(v_own_list)
            order by listed.permission_name);
    end if;
    return v_asked;
end;
$$;
