create or replace function auth.lock_region(p_caller auth.caller, p_region_name text)
returns data.region
language plpgsql volatile set search_path = ''
as $$
-- The region of that name as auth.require_region finds it, locked: nothing can be made in it, and nobody else changes it.
--
-- Errors:
--   JB404  as auth.require_region
declare
    v_region data.region := auth.require_region(p_caller, p_region_name);
begin
    select region.*
    into v_region
    from data.region as region
    where region.company_id = p_caller.company_id
      and region.region_id = v_region.region_id
    for update;
    if not found then
        raise exception using errcode = 'JB404', message = format('region %s not found', left(p_region_name, 100));
    end if;
    return v_region;
end;
$$;
