create or replace function auth.plan_uses(p_caller auth.caller)
returns setof data.plan_use
language sql stable set search_path = ''
as $$
-- How much of what its plan allows the caller's company has used.
select used.resource, used.use_count, allowed.use_limit, coalesce(used.use_count >= allowed.use_limit, false)
from (
    values
    (1, 'teams', (select count(*) from data.team as team where team.company_id = p_caller.company_id)),
    (2, 'users', (
        select count(*)
        from data.company_user as person
        where person.company_id = p_caller.company_id
          and person.removed_time is null)),
    (3, 'regions', (select count(*) from data.region as region where region.company_id = p_caller.company_id)),
    (4, 'bridges', (select count(*) from data.bridge as bridge where bridge.company_id = p_caller.company_id)),
    (5, 'machines', (
        select count(*)
        from data.machine as machine
        where machine.company_id = p_caller.company_id
          and machine.removed_time is null)),
    (6, 'permission groups', (
        select count(*) from data.rights_group as rights where rights.company_id = p_caller.company_id)))
    as used (place, resource, use_count)
cross join lateral (select data.plan_limit(p_caller.plan, used.resource) as use_limit) as allowed
order by used.place;
$$;
