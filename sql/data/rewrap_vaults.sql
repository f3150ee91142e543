create or replace function data.rewrap_vaults(p_company_id bigint, p_vaults data.rewrapped_vault[])
returns integer
language plpgsql volatile set search_path = ''
as $$
-- Put data keys in place that are wrapped anew, where the old ones are still there: who writes a vault meanwhile wins.
--
-- Returns:
--   how many
declare
    v_free  data.rewrapped_vault[];
    v_count integer;
begin
    -- Who holds a row is not waited for: two that wait for each other's vaults would end one of the calls.
    v_free := array(
        select given
        from unnest(p_vaults) as given
        join data.vault_record as stored
            on stored.company_id = p_company_id and stored.vault_record_id = given.vault_record_id
               and stored.wrapped_key = given.old_key
        for no key update of stored skip locked);

    update data.vault_record as stored
    set wrapped_key = given.new_key
    from unnest(v_free) as given
    where stored.company_id = p_company_id
      and stored.vault_record_id = given.vault_record_id;
    get diagnostics v_count = row_count;
    return v_count;
end;
$$;
