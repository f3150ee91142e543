create or replace function api.update_region_vault(
    p_region_name   text,
    p_region_vault  data.vault,
    p_vault_version integer)
returns table (
    region_name   text,
    vault_version integer,
    result        text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Write the vault of a region anew.
--
-- Callers: administrators
-- Seals: regionVault region region
-- Arguments:
--   regionName    a region of the company
--   regionVault   JSON text
--   vaultVersion  the version that was read; the first is 1
-- Returns:
--   1: the region with its vault's new version, one row
-- Errors:
--   JB403  the caller is no administrator
--   JB404  the company has no such region
--   JB409  vaultVersion is not the current one: somebody else has written since
--   JB421  the vault was sealed for something else
-- Rules:
--   Each write makes the version one higher.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_region data.region := auth.lock_region(v_caller, p_region_name);
begin
    return query
    select v_region.region_name::text,
           auth.write_entity_vault(
               v_caller, 'region', v_region.region_uuid, v_region.region_name, p_region_vault, p_vault_version, v_now),
           'vault updated';
end;
$$;
