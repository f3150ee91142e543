create or replace function api.update_company_vault(
    p_company_vault data.vault,
    p_vault_version integer)
returns table (
    company_name  text,
    vault_version integer,
    result        text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Write the vault of the company anew.
--
-- Callers: administrators
-- Seals: companyVault company company
-- Arguments:
--   companyVault  JSON text that everybody in the company may read
--   vaultVersion  the version that was read; the first is 1
-- Returns:
--   1: the company with its vault's new version, one row
-- Errors:
--   JB403  the caller is no administrator
--   JB409  vaultVersion is not the current one: somebody else has written since
--   JB421  the vault was sealed for something else
-- Rules:
--   Each write makes the version one higher.
#variable_conflict use_column
declare
    v_caller  auth.caller := auth.enter_call();
    v_now     timestamptz := data.clock();
    v_company data.company;
begin
    select company.*
    into v_company
    from data.company as company
    where company.company_id = v_caller.company_id;

    return query
    select v_company.company_name::text,
           auth.write_entity_vault(
               v_caller, 'company', v_company.company_uuid, v_company.company_name, p_company_vault, p_vault_version, v_now),
           'vault updated';
end;
$$;
