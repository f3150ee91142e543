create or replace function api.update_bridge_name(
    p_current_bridge_name text,
    p_new_bridge_name     data.entity_name,
    p_region_name         text default null)
returns table (
    bridge_name text,
    region_name text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Give a bridge another name.
--
-- Callers: administrators
-- Arguments:
--   currentBridgeName  a bridge of the company
--   newBridgeName      its name from now on
--   regionName         if given, must be the bridge's region
-- Returns:
--   1: the bridge, one row
-- Errors:
--   JB403  the caller is no administrator
--   JB404  the company has no such region, or no such bridge in it
--   JB409  the company has another bridge of the new name
-- Rules:
--   Bridge names are unique in a company, whatever their case and region; a name can be changed in its case alone.
--   Its agents and their tokens go on working.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_bridge data.bridge := auth.lock_bridge(v_caller, p_current_bridge_name, p_region_name);
begin
    perform auth.rename_entity(v_caller, 'bridge', v_bridge.bridge_uuid, v_bridge.bridge_name, p_new_bridge_name, v_now);

    return query
    select p_new_bridge_name::text, region.region_name::text
    from data.region as region
    where region.company_id = v_caller.company_id
      and region.region_id = v_bridge.region_id;
end;
$$;
