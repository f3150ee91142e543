create or replace function data.grant_holders(
    p_company_id bigint,
    p_grants     data.holder_grant[],
    p_pairs      data.endorsed_pair[])
returns integer
language plpgsql volatile set search_path = ''
as $$
-- Give keys to holders, each sealed to his public key, and let the next version of the company's key vouch for their pairs.
-- Who has another pair by now is left for the next step.
--
-- Returns:
--   how many keys were given
declare
    v_count integer;
begin
    insert into data.held_key (company_id, holder_kind, holder_id, key_kind, key_id, key_version, wrapped, check_value)
    select p_company_id, given.holder_kind, given.holder_id, given.key_kind, given.key_id, given.key_version, given.wrapped,
           given.check_value
    from unnest(p_grants) as given
    join data.principal_key as principal
        on principal.company_id = p_company_id and principal.holder_kind = given.holder_kind
           and principal.holder_id = given.holder_id and principal.public_key = given.public_key
    -- Locked: a holder who changes his pair at this moment waits, and takes these grants away with the old one.
    for share of principal
    on conflict do nothing;
    get diagnostics v_count = row_count;

    update data.principal_key as principal
    set key_version = given.key_version,
        endorsement = given.endorsement,
        mac = given.mac
    from unnest(p_pairs) as given
    where principal.company_id = p_company_id
      and principal.holder_kind = given.holder_kind
      and principal.holder_id = given.holder_id
      and principal.public_key = given.public_key
      and principal.key_version < given.key_version;
    return v_count;
end;
$$;
