create or replace function data.store_vaults(p_company_id bigint, p_vaults data.vault[], p_time timestamptz)
returns bigint[]
language plpgsql volatile set search_path = ''
as $$
-- Keep new sealed vaults.
--
-- Returns:
--   their vault_record_ids, in the order of the vaults; null for null
-- Errors:
--   JB421  one was sealed with a key that has ended; the broker looks its keys up and seals again
declare
    v_record_ids bigint[] := array(
        select case when vault.owner_id is not null then nextval('data.vault_record_vault_record_id_seq') end
        from unnest(p_vaults) as vault);
begin
    -- A broker that has slept may seal with a key that a rotation has ended: nobody could open it.
    if exists (
        select from (select distinct data.key_version_of(vault.wrapped_key) as key_version from unnest(p_vaults) as vault) as used
        where used.key_version is not null
          and not exists (
              select from data.company_key as living
              where living.company_id = p_company_id
                and living.key_version = used.key_version)) then
        raise exception using errcode = 'JB421', message = 'a vault was sealed with a key that has ended';
    end if;

    insert into data.vault_record (
        company_id, vault_record_id, scope_kind, scope_id, owner_kind, owner_id, attempt, vault_name, vault_id, wrapped_key,
        content, written_time)
    overriding system value
    select p_company_id, v_record_ids[vault.ordinality], vault.scope_kind, vault.scope_id, vault.owner_kind, vault.owner_id,
           vault.attempt, vault.vault_name, vault.vault_id, vault.wrapped_key, vault.content, p_time
    from unnest(p_vaults) with ordinality as vault
    where vault.owner_id is not null;
    return v_record_ids;
end;
$$;
