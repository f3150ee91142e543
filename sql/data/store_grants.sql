create or replace function data.store_grants(
    p_company_id  bigint,
    p_holder_kind text,
    p_holder_id   uuid,
    p_grants      data.key_grant[],
    p_principal   data.principal_material default null)
returns void
language plpgsql volatile set search_path = ''
as $$
-- Keep the keys that a holder was given, and his key pair; those that he held before are gone.
begin
    -- The pair first: a rotation that is sealing to it right now is waited for, so that its grants are seen and go as well.
    delete from data.principal_key as principal
    where principal.company_id = p_company_id
      and principal.holder_kind = p_holder_kind
      and principal.holder_id = p_holder_id;

    delete from data.held_key as held
    where held.company_id = p_company_id
      and held.holder_kind = p_holder_kind
      and held.holder_id = p_holder_id;

    -- Whoever made the grants may still hold a version that a rotation has just ended.
    insert into data.held_key (company_id, holder_kind, holder_id, key_kind, key_id, key_version, wrapped, check_value)
    select p_company_id, p_holder_kind, p_holder_id, given.key_kind, given.key_id, given.key_version, given.wrapped,
           given.check_value
    from unnest(p_grants) as given
    join data.company_key as living on living.company_id = p_company_id and living.key_version = given.key_version
    for key share of living;
    if not found and cardinality(p_grants) > 0 then
        raise exception using errcode = 'JB503', message = 'the company''s key was rotated during the call: repeat it';
    end if;

    if p_principal.public_key is not null then
        insert into data.principal_key (
            company_id, holder_kind, holder_id, public_key, wrapped, check_value, key_version, endorsement, mac)
        values (
            p_company_id, p_holder_kind, p_holder_id, p_principal.public_key, p_principal.wrapped, p_principal.check_value,
            p_principal.key_version, p_principal.endorsement, p_principal.mac);
    end if;
end;
$$;
