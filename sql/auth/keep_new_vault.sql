create or replace function auth.keep_new_vault(
    p_caller             auth.caller,
    p_vault              data.vault,
    p_kind               text,
    p_time               timestamptz,
    out entity_uuid      uuid,
    out vault_record_id  bigint)
language plpgsql volatile set search_path = ''
as $$
-- The uuid of an entity about to be made, and its vault if it has one: a vault is bound to the uuid that the broker chose.
--
-- Errors:
--   JB421  the vault was sealed for something else
begin
    if p_vault is null then
        entity_uuid := data.uuid_v7();
        return;
    end if;
    entity_uuid := (p_vault).owner_id;
    perform auth.require_vault(p_vault, 'company', p_caller.company_uuid, entity_uuid, 0, p_kind);
    vault_record_id := data.store_vault(p_caller.company_id, p_vault, p_time);
end;
$$;
