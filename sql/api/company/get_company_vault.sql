create or replace function api.get_company_vault()
returns table (
    company_name       text,
    company_credential uuid,
    vault_version      integer,
    vault_content      data.vault)
language plpgsql volatile security definer set search_path = ''
as $$
-- Show the company's vault: the second step of every sign-in.
--
-- Callers: sessions
-- Returns:
--   1: one row; companyCredential names the company among all; a vault that was never written has version 1 and no content
-- Rules:
--   Whoever signs in reads it: it holds what the whole company shares.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
begin
    return query
    select company.company_name::text, company.company_uuid, coalesce(stored.version, 1), data.vault_of(stored)
    from data.company as company
    left join data.vault_record as stored
        on stored.company_id = company.company_id and stored.vault_record_id = company.vault_record_id
    where company.company_id = v_caller.company_id;
end;
$$;
