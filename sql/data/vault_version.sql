create or replace function data.vault_version(p_company_id bigint, p_vault_record_id bigint)
returns integer
language sql stable set search_path = ''
as $$
-- The version of an entity's vault; 1 when it was never written.
select coalesce((
    select stored.version
    from data.vault_record as stored
    where stored.company_id = p_company_id
      and stored.vault_record_id = p_vault_record_id), 1);
$$;
