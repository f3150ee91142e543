create or replace function auth.brakes_of(p_email text)
returns table (
    subject_kind  text,
    subject       text,
    failure_limit integer)
language plpgsql stable set search_path = ''
as $$
-- What is counted when somebody fails to show that he is the owner of an account: the account, his network, the e-mail's domain.
--
-- Returns:
--   always in one order, in which rows are locked; failure_limit says how many failures cost nothing
-- Rules:
--   Nothing is looked up: an e-mail that is nobody's is counted like every other of its domain, so brakes tell nobody who exists.
--   A company's people mostly share a domain. To count by company instead would show whose an e-mail is.
#variable_conflict use_column
begin
    return query
    select 'account', lower(p_email), 5;

    return query
    select 'address', origin.network, 20
    from (select auth.network_of((auth.origin()).address) as network) as origin
    where origin.network is not null;

    return query
    select 'domain', substring(lower(p_email) from '[^@]*$'), 200;
end;
$$;
