create or replace function data.plan_of(p_word text)
returns data.plan
language sql immutable set search_path = ''
as $$
-- A plan by either of its names, whatever their case; null when there is no such plan.
select case upper(p_word)
    when 'COMMUNITY' then 'COMMUNITY'
    when 'ADVANCED' then 'ADVANCED'
    when 'PRO' then 'ADVANCED'
    when 'PREMIUM' then 'PREMIUM'
    when 'BUSINESS' then 'PREMIUM'
    when 'ELITE' then 'ELITE'
    when 'ENTERPRISE' then 'ELITE'
end::data.plan;
$$;
