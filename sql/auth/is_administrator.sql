create or replace function auth.is_administrator(p_caller auth.caller)
returns boolean
language sql immutable set search_path = ''
as $$
-- Whether a session has all rights: not one that was narrowed, nor one of a group of the company's own, however much it lists.
select coalesce(p_caller.permission_group = 'Administrators' and p_caller.permissions is null, false);
$$;
