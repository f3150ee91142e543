create or replace function api.is_registered(
    p_user_name text)
returns table (
    is_registered boolean)
language plpgsql volatile security definer set search_path = ''
as $$
-- Tell whether somebody has an account in the caller's company.
--
-- Callers: users
-- Arguments:
--   userName  an e-mail
-- Returns:
--   1: one row
-- Rules:
--   An account of another company is told like one that nobody has.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
begin
    return query
    select exists (
        select from data.email_address as address
        where address.company_id = v_caller.company_id
          and address.email = lower(p_user_name));
end;
$$;
