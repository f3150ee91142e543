create or replace function data.delete_vault(p_company_id bigint, p_vault_record_id bigint)
returns void
language sql volatile set search_path = ''
as $$
-- Delete the vault of an entity that is gone, if it had one.
delete from data.vault_record as stored
where stored.company_id = p_company_id
  and stored.vault_record_id = p_vault_record_id;
$$;
