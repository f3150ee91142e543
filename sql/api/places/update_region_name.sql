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
--   Region names are unique in a company, whatever their case; a change of case alone is one too.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_region data.region := auth.lock_region(v_caller, p_current_region_name);
begin
    begin
        update data.region as region
        set region_name = p_new_region_name
        where region.company_id = v_caller.company_id
          and region.region_id = v_region.region_id;
    exception when unique_violation then
        raise exception using errcode = 'JB409', message = format('region %s exists already', p_new_region_name);
    end;
    perform auth.audit(v_caller, v_now, 'Renamed', 'Region', v_region.region_uuid, p_new_region_name,
        format('it was called %s', v_region.region_name));

    return query
    select p_new_region_name::text;
end;
$$;
