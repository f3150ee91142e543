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
-- Write the vault of an entity of any kind anew, if nobody has written it since the caller read it.
--
-- Arguments:
--   kind  company, user, team, region, bridge, machine
--   name  of the entity, for the refusal
-- Returns:
--   the new version, one higher
-- Errors:
--   JB403, JB409, JB421  as auth.replace_entity_vault
-- Rules:
--   The kinds differ in the names of their table and key only, so the statements are put together here.
declare
    v_table           text := case p_kind when 'user' then 'company_user' else p_kind end;
    v_vault_record_id bigint;
    v_written         record;
begin
    execute format('
        select owner.vault_record_id
        from data.%I as owner
        where owner.company_id = $1
          and owner.%I = $2
        for no key update', v_table, p_kind || '_uuid')
    into v_vault_record_id
    using p_caller.company_id, p_entity_uuid;

    v_written := auth.replace_entity_vault(
        p_caller, p_vault, p_kind, p_name, p_entity_uuid, p_vault_version, p_time, v_vault_record_id);

    execute format('
        update data.%I
        set vault_record_id = $1
        where company_id = $2
          and %I = $3', v_table, p_kind || '_uuid')
    using v_written.vault_record_id, p_caller.company_id, p_entity_uuid;
    return v_written.vault_version;
end;
$$;
