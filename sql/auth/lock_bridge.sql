create or replace function auth.lock_bridge(p_caller auth.caller, p_bridge_name text, p_region_name text)
returns data.bridge
language plpgsql volatile set search_path = ''
as $$
-- The bridge of that name, locked: no machine and no token can come to it, and nobody else changes it.
--
-- Arguments:
--   region_name  if given, must be the bridge's region
-- Errors:
--   JB404  the company has no such region, or no such bridge in it
declare
    v_region data.region;
    v_bridge data.bridge := auth.require_bridge(p_caller, p_bridge_name);
begin
    if p_region_name is not null then
        v_region := auth.require_region(p_caller, p_region_name);
    end if;

    select bridge.*
    into v_bridge
    from data.bridge as bridge
    where bridge.company_id = p_caller.company_id
      and bridge.bridge_id = v_bridge.bridge_id
    for update;
    if not found or v_bridge.region_id <> v_region.region_id then
        raise exception using errcode = 'JB404',
            message = format('bridge %s not found', left(p_bridge_name, 100)) || coalesce(' in region ' || v_region.region_name, '');
    end if;
    return v_bridge;
end;
$$;
