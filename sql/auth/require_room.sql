create or replace function auth.require_room(p_caller auth.caller, p_what text)
returns void
language plpgsql volatile set search_path = ''
as $$
-- Call this before something is made: the plan of the caller's company must have room for one more.
--
-- Arguments:
--   what  teams, users, regions, bridges, machines, permission groups
-- Errors:
--   JB402  the company has as many as its plan allows
-- Rules:
--   Where the plan has a limit, the company is locked: of two who take the last place at once, one is refused.
--   Where it has none, nothing is counted and nothing waits.
declare
    v_limit integer := data.plan_limit(p_caller.plan, p_what);
    v_name  text;
    v_count bigint;
begin
    if v_limit is null then
        return;
    end if;

    select company.company_name
    into v_name
    from data.company as company
    where company.company_id = p_caller.company_id
    for no key update;

    -- Counted after the lock, so with what those before have made.
    v_count := case p_what
        when 'teams' then (
            select count(*)
            from data.team as team
            where team.company_id = p_caller.company_id)
        when 'users' then (
            select count(*)
            from data.company_user as person
            where person.company_id = p_caller.company_id
              and person.removed_time is null)
        when 'regions' then (
            select count(*)
            from data.region as region
            where region.company_id = p_caller.company_id)
        when 'bridges' then (
            select count(*)
            from data.bridge as bridge
            where bridge.company_id = p_caller.company_id)
        when 'machines' then (
            select count(*)
            from data.machine as machine
            where machine.company_id = p_caller.company_id
              and machine.removed_time is null)
        when 'permission groups' then (
            select count(*)
            from data.rights_group as rights
            where rights.company_id = p_caller.company_id)
    end;
    if v_count < v_limit then
        return;
    end if;

    raise exception using errcode = 'JB402', message = format(
        'plan %s allows %s %s; company %s has %s', p_caller.plan, v_limit, p_what, v_name, v_count);
end;
$$;
