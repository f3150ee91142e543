create or replace function api.update_user_vault(
    p_user_vault    data.vault,
    p_vault_version integer)
returns table (
    user_email    text,
    vault_version integer,
    result        text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Write the caller's own vault anew.
--
-- Callers: sessions
-- Seals: userVault user user
-- Arguments:
--   userVault     JSON text
--   vaultVersion  the version that was read; the first is 1
-- Returns:
--   1: the caller with his vault's new version, one row
-- Errors:
--   JB403  the caller holds no key: he came without the broker
--   JB409  vaultVersion is not the current one: it was written since
--   JB421  the vault was sealed for something else
-- Rules:
--   Each write makes the version one higher.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_person data.company_user;
begin
    select person.*
    into v_person
    from data.company_user as person
    where person.company_id = v_caller.company_id
      and person.user_id = v_caller.user_id;

    return query
    select v_person.email::text,
           auth.write_entity_vault(
               v_caller, 'user', v_person.user_uuid, v_person.email, p_user_vault, p_vault_version, v_now),
           'vault updated';
end;
$$;
