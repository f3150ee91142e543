create or replace function auth.built_in_rights(p_group data.permission_group, p_with_common boolean default true)
returns text[]
language sql stable set search_path = ''
as $$
-- What a built-in group may call, in alphabetical order; of no group: what every session may, whatever its rights.
--
-- Arguments:
--   with_common  whether to count what every session may
select array(
    select distinct published.permission_name::text collate "C" as permission_name
    from data.procedure as published
    where published.for_sessions and p_with_common
       or case p_group
              when 'Administrators' then published.for_administrators
              when 'Users' then published.for_users
              when 'Bridges' then published.for_agents
              else false
          end
    order by permission_name);
$$;
