create or replace function auth.rights_listed(p_rights data.session_rights)
returns text[]
language plpgsql stable set search_path = ''
as $$
-- The procedures that go with rights, as auth.enter_call decides; without those that every session may call.
begin
    return coalesce((p_rights).permissions, array(
        select published.permission_name::text
        from data.procedure as published
        where case (p_rights).permission_group
            when 'Bridges' then published.for_agents
            when 'Administrators' then published.for_administrators
            else published.for_users
        end));
end;
$$;
