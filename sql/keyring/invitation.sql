create or replace function keyring.invitation(p_email text)
returns table (
    company_uuid        uuid,
    user_uuid           uuid,
    instance_key_number integer,
    key_version         integer,
    wrapped             bytea,
    check_value         bytea)
language plpgsql stable security definer set search_path = ''
as $$
-- What an activation code is tried on.
--
-- Returns:
--   a row per version of the company key; none when nobody of that e-mail is invited
#variable_conflict use_column
begin
    return query
    select company.company_uuid, person.user_uuid, invitation.instance_key_number, held.key_version, held.wrapped,
           held.check_value::bytea
    from data.email_address as address
    join data.company_user as person on person.company_id = address.company_id and person.user_id = address.user_id
    join data.company as company on company.company_id = person.company_id
    join data.invitation as invitation
        on invitation.company_id = person.company_id and invitation.user_id = person.user_id
    join data.held_key as held
        on held.company_id = person.company_id and held.holder_kind = 'invitation' and held.holder_id = person.user_uuid
    where address.email = p_email;
end;
$$;
