create or replace function data.names_of(p_list text)
returns text[]
language sql immutable set search_path = ''
as $$
-- A comma-separated list of names, trimmed and in lower case; null when it names nothing.
select array_agg(name)
from (
    select lower(btrim(part)) as name
    from regexp_split_to_table(p_list, ',') as part) as parts
where name <> '';
$$;
