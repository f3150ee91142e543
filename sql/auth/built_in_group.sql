create or replace function auth.built_in_group(p_group_name text)
returns data.permission_group
language sql immutable set search_path = ''
as $$
-- The built-in group of that name, whatever its case; null when there is none.
select built_in
from unnest(enum_range(null::data.permission_group)) as built_in
where lower(built_in::text) = lower(p_group_name);
$$;
