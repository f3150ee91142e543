create or replace function keyring.own_account()
returns table (
    email          text,
    awaits_code    boolean,
    is_tfa_enabled boolean)
language plpgsql volatile security definer set search_path = ''
as $$
-- Whose session calls, and whether a second factor is asked of him: what a ceremony needs before it tries a password or code.
--
-- Returns:
--   one row; none when the caller has no session
-- Errors:
--   JB401  no token, or none that is good
#variable_conflict use_column
declare
    v_caller auth.caller := auth.identify();
begin
    return query
    select person.email::text, v_caller.awaits_code, person.totp_secret is not null
    from data.company_user as person
    where person.company_id = v_caller.company_id
      and person.user_id = v_caller.user_id
      and v_caller.token_id is not null;
end;
$$;
