create or replace function data.replace_vault(
    p_company_id      bigint,
    p_vault_record_id bigint,
    p_vault           data.vault,
    p_time            timestamptz)
returns integer
language plpgsql volatile set search_path = ''
as $$
-- Write a stored vault anew. The caller has locked what owns it and compared the version.
--
-- Returns:
--   the new version
-- Errors:
--   JB421  as data.store_vault
declare
    v_version integer;
begin
    -- A broker that has slept may seal with a key that a rotation has ended: nobody could open it.
    if not exists (
        select from data.company_key as living
        where living.company_id = p_company_id
          and living.key_version = data.key_version_of(p_vault.wrapped_key)) then
        raise exception using errcode = 'JB421', message = 'the vault was sealed with a key that has ended';
    end if;

    update data.vault_record as stored
    set version = stored.version + 1,
        scope_kind = p_vault.scope_kind,
        scope_id = p_vault.scope_id,
        owner_kind = p_vault.owner_kind,
        owner_id = p_vault.owner_id,
        attempt = p_vault.attempt,
        vault_name = p_vault.vault_name,
        vault_id = p_vault.vault_id,
        wrapped_key = p_vault.wrapped_key,
        content = p_vault.content,
        written_time = p_time
    where stored.company_id = p_company_id
      and stored.vault_record_id = p_vault_record_id
    returning stored.version into v_version;
    return v_version;
end;
$$;
