create or replace function api.update_region_name(
    p_current_region_name text,
    p_new_region_name     data.entity_name)
returns table (
    region_name text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Give a region another name.
--
-- Callers: administrators
-- Arguments:
--   currentRegionName  a region of the company
--   newRegionName      its name from now on
-- Returns:
--   1: the region's name, one row
-- Errors:
--   JB403  the caller is no administrator
--   JB404  the company has no such region
--   JB409  the company has another region of the new name
-- Rules:
--   Region names are unique in a company, whatever their case; a name can be changed in its case alone.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_region data.region := auth.lock_region(v_caller, p_current_region_name);
begin
    perform auth.rename_entity(v_caller, 'region', v_region.region_uuid, v_region.region_name, p_new_region_name, v_now);

    return query
    select p_new_region_name::text;
end;
$$;
