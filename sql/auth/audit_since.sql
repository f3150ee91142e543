create or replace function auth.audit_since(p_caller auth.caller, p_time timestamptz)
returns timestamptz
language sql immutable set search_path = ''
as $$
-- From when on a company is shown its audit: 7, 90, 180 or 365 days, by its plan. What is older goes month by month.
select p_time - make_interval(days => case p_caller.plan
    when 'COMMUNITY' then 7
    when 'ADVANCED' then 90
    when 'PREMIUM' then 180
    else 365
end);
$$;
