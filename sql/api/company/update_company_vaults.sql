create or replace function api.update_company_vaults(
    p_updates data.vault_update[])
returns table (
    company_id          uuid,
    block_user_requests boolean,
    vaults_updated      integer,
    result              text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Write many vaults of the company anew, all or none.
--
-- Callers: administrators
-- Seals: updates.vaultContent entity entity
-- Seals: updates.decryptedVault entity entity
-- Arguments:
--   updates  list, or JSON text that holds it, of objects: credential of the entity, version that was read, and vaultContent
--            or decryptedVault
-- Returns:
--   1: one row; companyId is the company's uuid
-- Errors:
--   JB400  an update lacks its credential, its version or its content, or has two contents
--   JB403  the caller is no administrator
--   JB404  a credential names nothing in the company
--   JB409  a version is not the current one; or the company has a Global Bridge, managed in the cloud
--   JB421  a vault was sealed for something else
-- Rules:
--   Not while a cloud-managed Global Bridge exists: it could not read what is written here.
--   One update that is refused refuses all.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_update record;
    v_vault  data.vault;
begin
    perform auth.require_no_global_bridge(v_caller);

    -- In one order everywhere: two such calls cannot wait for one another.
    for v_update in
        select given.credential, given.version, given.vault_content, given.decrypted_vault, lower(entity.entity_type) as kind,
               entity.entity_name
        from unnest(p_updates) as given
        left join auth.entities_of(v_caller.company_id) as entity on entity.entity_uuid = given.credential
        order by given.credential
    loop
        if v_update.credential is null or v_update.version is null
           or (v_update.vault_content is null) = (v_update.decrypted_vault is null) then
            raise exception using errcode = 'JB400',
                message = 'each of updates needs credential, version, and one of vaultContent and decryptedVault';
        end if;
        if v_update.kind is null then
            raise exception using errcode = 'JB404',
                message = format('credential %s names nothing in the company', v_update.credential);
        end if;
        v_vault := case when v_update.vault_content is null then v_update.decrypted_vault else v_update.vault_content end;
        perform auth.write_entity_vault(
            v_caller, v_update.kind, v_update.credential, v_update.entity_name, v_vault, v_update.version, v_now);
    end loop;

    return query
    select company.company_uuid, company.requests_blocked_time is not null, cardinality(p_updates), 'vaults updated'
    from data.company as company
    where company.company_id = v_caller.company_id;
end;
$$;
