create or replace function api.update_bridge_vault(
    p_bridge_name   text,
    p_bridge_vault  data.vault,
    p_vault_version integer,
    p_region_name   text default null)
returns table (
    bridge_name   text,
    vault_version integer,
    result        text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Write the vault of a bridge anew.
--
-- Callers: administrators
-- Seals: bridgeVault bridge bridge
-- Arguments:
--   bridgeName    a bridge of the company
--   bridgeVault   JSON text that administrators may read
--   vaultVersion  the version that was read; the first is 1
--   regionName    if given, must be the bridge's region
-- Returns:
--   1: the bridge with its vault's new version, one row
-- Errors:
--   JB403  the caller is no administrator
--   JB404  the company has no such region, or no such bridge in it
--   JB409  vaultVersion is not the current one: somebody else has written since
--   JB421  the vault was sealed for something else
-- Rules:
--   Each write makes the version one higher.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_bridge data.bridge := auth.lock_bridge(v_caller, p_bridge_name, p_region_name);
begin
    return query
    select v_bridge.bridge_name::text,
           auth.write_entity_vault(
               v_caller, 'bridge', v_bridge.bridge_uuid, v_bridge.bridge_name, p_bridge_vault, p_vault_version, v_now),
           'vault updated';
end;
$$;
