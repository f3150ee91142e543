create or replace function api.create_region(
    p_region_name  data.entity_name,
    p_region_vault data.vault default null)
returns table (name text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Make a region, a place for bridges.
--
-- Callers: administrators
-- Seals: regionVault region new_region
-- Arguments:
--   regionName   its name
--   regionVault  JSON text
-- Returns:
--   1: the region's name, one row
-- Errors:
--   JB402  the company has as many regions as its plan allows
--   JB403  the caller is no administrator
--   JB409  the company has a region of that name
--   JB421  the vault was sealed for something else
-- Rules:
--   Region names are unique in a company, whatever their case.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_kept   record;
begin
    perform auth.require_room(v_caller, 'regions');
    v_kept := auth.keep_new_vault(v_caller, p_region_vault, 'region', v_now);
    perform data.make_region(v_caller.company_id, v_kept.entity_uuid, p_region_name, v_kept.vault_record_id, v_now);
    perform auth.audit(v_caller, v_now, 'Created', 'Region', v_kept.entity_uuid, p_region_name);

    return query
    select p_region_name::text;
end;
$$;
