create or replace function keyring.invited_user(p_email text)
returns uuid
language plpgsql volatile security definer set search_path = ''
as $$
-- The uuid of a user of the caller's company, to whom a new code is about to be bound.
--
-- Returns:
--   null when the company has no such user: he is new
-- Errors:
--   JB401  the token is not good
declare
    v_caller auth.caller := auth.identify_settled();
begin
    return (
        select person.user_uuid
        from data.email_address as address
        join data.company_user as person on person.company_id = address.company_id and person.user_id = address.user_id
        where address.email = lower(p_email)
          and address.company_id = v_caller.company_id
          and v_caller.user_id is not null);
end;
$$;
