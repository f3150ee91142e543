create or replace function api.create_bridge(
    p_region_name  text,
    p_bridge_name  data.entity_name,
    p_bridge_vault data.vault default null)
returns table (
    bridge_id bigint,
    name      text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Make a bridge in a region.
--
-- Callers: administrators
-- Seals: bridgeVault bridge new_bridge
-- Arguments:
--   regionName   where it is
--   bridgeName   its name
--   bridgeVault  JSON text
-- Returns:
--   1: the bridge, one row
-- Errors:
--   JB402  the company has as many bridges as its plan allows
--   JB403  the caller is no administrator
--   JB404  the company has no such region
--   JB409  the company has a bridge of that name
--   JB421  the vault was sealed for something else
-- Rules:
--   Bridge names are unique in a company, whatever their case and region: calls name a bridge without its region.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_region data.region := auth.require_region(v_caller, p_region_name);
    v_kept   record;
    v_id     bigint;
begin
    perform auth.require_room(v_caller, 'bridges');
    v_kept := auth.keep_new_vault(v_caller, p_bridge_vault, 'bridge', v_now);

    v_id := data.make_bridge(
        v_caller.company_id, v_region.region_id, v_kept.entity_uuid, p_bridge_name, v_kept.vault_record_id, v_now);
    perform auth.audit(v_caller, v_now, 'Created', 'Bridge', v_kept.entity_uuid, p_bridge_name,
        format('in region %s', v_region.region_name));

    return query
    select v_id, p_bridge_name::text;
end;
$$;
