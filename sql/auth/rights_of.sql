create or replace function auth.rights_of(p_company_id bigint, p_group_id bigint)
returns text[]
language sql stable set search_path = ''
as $$
-- What a group of the company's own may call; null for no such group: the built-in one says it then.
select case when p_group_id is not null then array(
    select listed.permission_name::text
    from data.group_permission as listed
    where listed.company_id = p_company_id
      and listed.group_id = p_group_id
    order by listed.permission_name)
end;
$$;
