create or replace function keyring.sign_in(p_email text)
returns table (
    company_uuid        uuid,
    user_uuid           uuid,
    argon2_salt         bytea,
    argon2_memory_kib   integer,
    argon2_iterations   integer,
    argon2_lanes        integer,
    instance_key_number integer,
    verifier            bytea,
    key_version         integer,
    wrapped             bytea,
    check_value         bytea,
    principal           bytea,
    totp_secret         bytea,
    totp_key_number     integer,
    asked_time          timestamptz)
language plpgsql stable security definer set search_path = ''
as $$
-- What a password is tried on: how to derive from it, what to compare with, and the keys that it opens. And what a
-- verification code is tried on: the sealed secret, and the time.
--
-- Returns:
--   a row per version of the company key; none when there is no active user of that e-mail
-- Errors:
--   JB429  so much has been guessed that it has to wait
#variable_conflict use_column
declare
    v_now timestamptz := data.clock();
begin
    perform auth.require_no_brake(p_email, v_now);

    return query
    select company.company_uuid, person.user_uuid, person.argon2_salt, person.argon2_memory_kib, person.argon2_iterations,
           person.argon2_lanes, person.instance_key_number, person.verifier::bytea, held.key_version, held.wrapped,
           held.check_value::bytea, data.principal_of(person.company_id, 'user', person.user_uuid),
           person.totp_secret, person.totp_key_number, v_now
    from data.email_address as address
    join data.company_user as person on person.company_id = address.company_id and person.user_id = address.user_id
    join data.company as company on company.company_id = person.company_id
    join data.held_key as held
        on held.company_id = person.company_id and held.holder_kind = 'user' and held.holder_id = person.user_uuid
    where address.email = p_email
      and person.activated_time is not null
      and person.deactivated_time is null;
end;
$$;
