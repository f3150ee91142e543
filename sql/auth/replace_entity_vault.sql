create or replace function auth.replace_entity_vault(
    p_caller            auth.caller,
    p_vault             data.vault,
    p_kind              text,
    p_name              text,
    p_entity_uuid       uuid,
    p_vault_version     integer,
    p_time              timestamptz,
    inout vault_record_id bigint,
    out vault_version   integer)
language plpgsql volatile set search_path = ''
as $$
-- Write the vault of an entity anew, if nobody has written it since the caller read it. The caller has locked the entity.
--
-- Arguments:
--   kind             company, user, team, region, bridge, machine: also the vault's name
--   name             of the entity, for the refusal
--   vault_version    what the caller read; an entity that was made without a vault has version 1 of it, empty
--   vault_record_id  what the entity's row holds, and has to hold from now on
-- Returns:
--   the new version, one higher
-- Errors:
--   JB403  there is no vault: the caller came without the broker
--   JB409  vault_version is not the current one
--   JB421  the vault was sealed for something else
declare
    v_current integer := 1;
begin
    perform auth.require_vault(p_vault, 'company', p_caller.company_uuid, p_entity_uuid, 0, p_kind);

    if vault_record_id is not null then
        select stored.version
        into v_current
        from data.vault_record as stored
        where stored.company_id = p_caller.company_id
          and stored.vault_record_id = replace_entity_vault.vault_record_id
        for update;
    end if;
    if v_current <> p_vault_version then
        raise exception using errcode = 'JB409', message = format(
            'the vault of %s %s has version %s, not %s: read it again', p_kind, p_name, v_current, p_vault_version);
    end if;

    if vault_record_id is null then
        vault_version := v_current + 1;
        vault_record_id := data.store_vault(p_caller.company_id, p_vault, p_time, vault_version);
    else
        vault_version := data.replace_vault(p_caller.company_id, vault_record_id, p_vault, p_time);
    end if;
end;
$$;
