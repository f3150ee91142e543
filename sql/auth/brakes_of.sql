create or replace function auth.brakes_of(p_email text)
returns table (
    subject_kind  text,
    subject       text,
    failure_limit integer)
language plpgsql stable set search_path = ''
as $$
-- What is counted when somebody fails to show that he is the owner of an account: the account, his network, the company.
--
-- Returns:
--   always in one order, in which rows are locked; failure_limit says how many failures cost nothing
-- Rules:
--   An e-mail that is nobody's has an account of its own, and all of these together are like one company.
#variable_conflict use_column
begin
    return query
    select 'account', lower(p_email), 5;

    return query
    select 'address', origin.network, 20
    from (select auth.network_of((auth.origin()).address) as network) as origin
    where origin.network is not null;

    return query
    select 'company', coalesce((
        select company.company_uuid::text
        from data.email_address as address
        join data.company as company on company.company_id = address.company_id
        where address.email = lower(p_email)), 'none'), 200;
end;
$$;
