create or replace function data.end_older_keys(p_company_id bigint, p_key_version integer)
returns boolean
language plpgsql volatile set search_path = ''
as $$
-- End the versions of the company's key before this one, if everybody holds this one: after that nothing opens them any more.
--
-- Returns:
--   false: somebody came in the meantime who would be left without a key
begin
    -- Locked: who is giving such a key right now is waited for, and nobody can give one after.
    perform from data.company_key as older
    where older.company_id = p_company_id
      and older.key_version < p_key_version
    for update;
    if exists (select from data.holders_without(p_company_id, p_key_version)) then
        return false;
    end if;

    delete from data.held_key as held
    where held.company_id = p_company_id
      and held.key_version < p_key_version;

    delete from data.company_key as older
    where older.company_id = p_company_id
      and older.key_version < p_key_version;
    return true;
end;
$$;
