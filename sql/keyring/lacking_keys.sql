create or replace function keyring.lacking_keys(p_email text)
returns table (
    user_uuid    uuid,
    principal    bytea,
    key_versions integer[])
language plpgsql volatile security definer set search_path = ''
as $$
-- What a user of the caller's company has to be granted before he is let in again, and the key pair to seal it to.
--
-- Returns:
--   one row; none when the company has no such user
-- Errors:
--   JB401  the token is not good
#variable_conflict use_column
declare
    v_caller auth.caller := auth.identify_settled();
begin
    return query
    select person.user_uuid, data.principal_of(person.company_id, 'user', person.user_uuid),
           data.lacking_keys(person.company_id, person.user_uuid, v_caller.token_id)
    from data.email_address as address
    join data.company_user as person on person.company_id = address.company_id and person.user_id = address.user_id
    where address.email = lower(p_email)
      and address.company_id = v_caller.company_id
      and v_caller.user_id is not null;
end;
$$;
