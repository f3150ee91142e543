create or replace function keyring.older_vaults(p_key_version integer, p_after bigint, p_limit integer)
returns table (
    vault_record_id bigint,
    scope_kind      text,
    scope_id        uuid,
    owner_kind      text,
    owner_id        uuid,
    attempt         integer,
    vault_name      text,
    vault_id        bigint,
    wrapped_key     bytea)
language plpgsql volatile security definer set search_path = ''
as $$
-- The next vaults whose data keys are wrapped under an older version of the company's key: everything but their content.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.identify_settled();
begin
    return query
    select stored.vault_record_id, stored.scope_kind::text, stored.scope_id, stored.owner_kind, stored.owner_id,
           stored.attempt, stored.vault_name, stored.vault_id, stored.wrapped_key::bytea
    from data.vault_record as stored
    where stored.company_id = v_caller.company_id
      and stored.vault_record_id > p_after
      and data.key_version_of(stored.wrapped_key) < p_key_version
    order by stored.vault_record_id
    limit p_limit;
end;
$$;
