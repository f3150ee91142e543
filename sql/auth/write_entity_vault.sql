create or replace function auth.write_entity_vault(
    p_caller        auth.caller,
    p_kind          text,
    p_entity_uuid   uuid,
    p_name          text,
    p_vault         data.vault,
    p_vault_version integer,
    p_time          timestamptz)
returns integer
language plpgsql volatile set search_path = ''
as $$
-- Write the vault of an entity of any kind anew, if nobody has written it since the caller read it, and keep that in the audit.
--
-- Arguments:
--   kind           company, user, team, region, bridge, machine: also the vault's name
--   name           of the entity, for the refusal and the audit
--   vault_version  what the caller read; an entity that was made without a vault has version 1 of it, empty
-- Returns:
--   the new version, one higher
-- Errors:
--   JB403  there is no vault: the caller came without the broker
--   JB409  vault_version is not the current one
--   JB421  the vault was sealed for something else
-- Rules:
--   The kinds differ in the names of their table and key only, so the statements are put together here.
declare
    v_table           text := case p_kind when 'user' then 'company_user' else p_kind end;
    v_vault_record_id bigint;
    v_version         integer := 1;
begin
    perform auth.require_vault(p_vault, 'company', p_caller.company_uuid, p_entity_uuid, 0, p_kind);

    -- Locked: of two writers the second finds another version. Not `for update`: who makes something in a company or a team, and
    -- what else its user does, need not wait for this.
    execute format('
        select owner.vault_record_id
        from data.%I as owner
        where owner.company_id = $1
          and owner.%I = $2
        for no key update', v_table, p_kind || '_uuid')
    into v_vault_record_id
    using p_caller.company_id, p_entity_uuid;
    if v_vault_record_id is not null then
        select stored.version
        into v_version
        from data.vault_record as stored
        where stored.company_id = p_caller.company_id
          and stored.vault_record_id = v_vault_record_id
        for update;
    end if;
    if v_version <> p_vault_version then
        raise exception using errcode = 'JB409', message = format(
            'the vault of %s %s has version %s, not %s: read it again', p_kind, p_name, v_version, p_vault_version);
    end if;

    v_version := v_version + 1;
    if v_vault_record_id is not null then
        perform data.replace_vault(p_caller.company_id, v_vault_record_id, p_vault, p_time);
    else
        execute format('
            update data.%I
            set vault_record_id = $1
            where company_id = $2
              and %I = $3', v_table, p_kind || '_uuid')
        using data.store_vault(p_caller.company_id, p_vault, p_time, v_version), p_caller.company_id, p_entity_uuid;
    end if;
    perform auth.audit(p_caller, p_time, 'VaultUpdated', initcap(p_kind), p_entity_uuid, p_name,
        format('vault version %s', v_version));
    return v_version;
end;
$$;
