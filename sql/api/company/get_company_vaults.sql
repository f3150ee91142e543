create or replace function api.get_company_vaults(
    p_max_records integer default 1000)
returns table (
    entity_type     text,
    entity_id       bigint,
    entity_name     text,
    vault_id        bigint,
    vault_name      text,
    credential      uuid,
    version         integer,
    decrypted_vault data.vault)
language plpgsql volatile security definer set search_path = ''
as $$
-- List the vaults of everything in the company: of itself, its users, teams, regions, bridges and machines.
--
-- Callers: administrators
-- Arguments:
--   maxRecords  at most so many rows, 1 to 10000
-- Returns:
--   1: by type and name; an entity whose vault was never written has version 1, no vaultId and no content
-- Errors:
--   JB400  maxRecords is out of range
--   JB403  the caller is no administrator
-- Rules:
--   An administrator sees the vaults of teams whose member he is not, too: whoever signs in holds the company's key.
--   credential names an entity among all; UpdateCompanyVaults takes it.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
begin
    if p_max_records not between 1 and 10000 then
        raise exception using errcode = 'JB400', message = 'maxRecords must be from 1 to 10000';
    end if;

    return query
    select entity.entity_type, entity.entity_id, entity.entity_name, stored.vault_record_id, lower(entity.entity_type),
           entity.entity_uuid, coalesce(stored.version, 1), data.vault_of(stored)
    from auth.entities_of(v_caller.company_id) as entity
    left join data.vault_record as stored
        on stored.company_id = v_caller.company_id and stored.vault_record_id = entity.vault_record_id
    order by array_position(array['Company', 'User', 'Team', 'Region', 'Bridge', 'Machine'], entity.entity_type),
             lower(entity.entity_name)
    limit p_max_records;
end;
$$;
