create or replace function data.store_vault(
    p_company_id bigint,
    p_vault      data.vault,
    p_time       timestamptz,
    p_version    integer default 1)
returns bigint
language plpgsql volatile set search_path = ''
as $$
-- Keep a sealed vault.
--
-- Returns:
--   its vault_record_id
-- Errors:
--   JB421  it was sealed with a key that has ended; the broker looks its keys up and seals again
declare
    v_vault_record_id bigint;
begin
    -- A broker that has slept may seal with a key that a rotation has ended: nobody could open it.
    if not exists (
        select from data.company_key as living
        where living.company_id = p_company_id
          and living.key_version = data.key_version_of(p_vault.wrapped_key)) then
        raise exception using errcode = 'JB421', message = 'the vault was sealed with a key that has ended';
    end if;

    insert into data.vault_record (
        company_id, scope_kind, scope_id, owner_kind, owner_id, attempt, vault_name, vault_id, wrapped_key, content,
        written_time, version)
    values (
        p_company_id, p_vault.scope_kind, p_vault.scope_id, p_vault.owner_kind, p_vault.owner_id, p_vault.attempt,
        p_vault.vault_name, p_vault.vault_id, p_vault.wrapped_key, p_vault.content, p_time, p_version)
    returning vault_record_id into v_vault_record_id;
    return v_vault_record_id;
end;
$$;
