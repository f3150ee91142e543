create or replace function auth.require_region(p_caller auth.caller, p_region_name text)
returns data.region
language plpgsql stable set search_path = ''
as $$
-- The region of that name in the caller's company.
--
-- Errors:
--   JB404  the company has no such region
declare
    v_region data.region;
begin
    select region.*
    into v_region
    from data.region as region
    where region.company_id = p_caller.company_id
      and lower(region.region_name) = lower(p_region_name);
    if not found then
        raise exception using errcode = 'JB404', message = format('region %s not found', left(p_region_name, 100));
    end if;
    return v_region;
end;
$$;
