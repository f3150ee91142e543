create or replace function data.counted(p_count bigint, p_what text)
returns text
language sql immutable set search_path = ''
as $$
-- `1 bridge`, `2 bridges`: for sentences.
select format('%s %s%s', p_count, p_what, case when p_count <> 1 then 's' end);
$$;
