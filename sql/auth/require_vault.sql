create or replace function auth.require_vault(
    p_vault      data.vault,
    p_scope_kind data.scope_kind,
    p_scope_id   uuid,
    p_owner_id   uuid,
    p_attempt    integer,
    p_vault_name text)
returns void
language plpgsql immutable set search_path = ''
as $$
-- Compare what a vault was sealed for with what it is about to belong to.
--
-- Errors:
--   JB403  there is no vault: the caller came without the broker, and holds no key
--   JB421  it was sealed for something else; the broker asks anew and seals again
begin
    if p_vault is null then
        raise exception using errcode = 'JB403', message = 'this call seals a vault and needs a key: make it through the broker';
    end if;
    if (p_vault.scope_kind, p_vault.scope_id, p_vault.owner_id, p_vault.attempt, p_vault.vault_name)
       is distinct from (p_scope_kind, p_scope_id, p_owner_id, p_attempt, p_vault_name) then
        raise exception using errcode = 'JB421', message = 'the vault was sealed for another owner';
    end if;
end;
$$;
