create or replace function keyring.recovery(p_email text)
returns table (
    company_uuid uuid,
    user_uuid    uuid,
    key_version  integer,
    wrapped      bytea,
    check_value  bytea,
    principal    bytea)
language plpgsql stable security definer set search_path = ''
as $$
-- What a recovery code is tried on.
--
-- Returns:
--   a row per version of the key of the company that a user of this e-mail belongs to; none when there is no such user
#variable_conflict use_column
begin
    return query
    select company.company_uuid, person.user_uuid, held.key_version, held.wrapped, held.check_value::bytea,
           data.principal_of(company.company_id, 'recovery', company.company_uuid)
    from data.email_address as address
    join data.company_user as person on person.company_id = address.company_id and person.user_id = address.user_id
    join data.company as company on company.company_id = person.company_id
    join data.held_key as held
        on held.company_id = company.company_id and held.holder_kind = 'recovery' and held.holder_id = company.company_uuid
    where address.email = p_email;
end;
$$;
