create or replace function auth.require_machine(p_caller auth.caller, p_machine_name text, p_team_name text default null)
returns data.machine
language plpgsql stable set search_path = ''
as $$
-- The machine of that name, if the caller may use it.
--
-- Errors:
--   JB403  the team named, or the machine's team, is not the caller's
--   JB404  the company has no such machine, or the team named has not
declare
    v_machine data.machine;
    v_team    data.team;
begin
    if p_team_name is not null then
        v_team := auth.require_team(p_caller, p_team_name);
    end if;

    select machine.*
    into v_machine
    from data.machine as machine
    where machine.company_id = p_caller.company_id
      and lower(machine.machine_name) = lower(p_machine_name);
    if not found or v_machine.team_id <> v_team.team_id then
        raise exception using errcode = 'JB404',
            message = format('machine %s not found', left(p_machine_name, 100))
                || coalesce(' in team ' || v_team.team_name, '');
    end if;

    if v_team.team_id is null and not auth.may_use_machine(p_caller, v_machine.team_id, v_machine.machine_id) then
        raise exception using errcode = 'JB403', message = format('machine %s is not yours to use', v_machine.machine_name);
    end if;
    return v_machine;
end;
$$;
