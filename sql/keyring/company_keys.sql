create or replace function keyring.company_keys()
returns table (key_version integer)
language plpgsql volatile security definer set search_path = ''
as $$
-- The living versions of the company's key, for who may rotate it: before a step of a rotation.
--
-- Returns:
--   a row per version, oldest first; none for who may not
#variable_conflict use_column
declare
    v_caller auth.caller := auth.identify_settled();
begin
    if 'RotateCompanyKey' = any(v_caller.permissions)
       or v_caller.permissions is null and v_caller.permission_group = 'Administrators' then
        return query
        select known.key_version
        from data.company_key as known
        where known.company_id = v_caller.company_id
        order by known.key_version;
    end if;
end;
$$;
