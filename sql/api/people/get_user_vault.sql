create or replace function api.get_user_vault()
returns table (
    user_email    text,
    vault_version integer,
    vault_content data.vault)
language plpgsql volatile security definer set search_path = ''
as $$
-- Show the caller's own vault.
--
-- Callers: sessions
-- Returns:
--   1: one row; a vault that was never written has version 1 and no content
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
begin
    return query
    select person.email::text, coalesce(stored.version, 1), data.vault_of(stored)
    from data.company_user as person
    left join data.vault_record as stored
        on stored.company_id = person.company_id and stored.vault_record_id = person.vault_record_id
    where person.company_id = v_caller.company_id
      and person.user_id = v_caller.user_id;
end;
$$;
