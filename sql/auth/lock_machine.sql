create or replace function auth.lock_machine(p_caller auth.caller, p_machine_name text, p_team_name text)
returns data.machine
language plpgsql volatile set search_path = ''
as $$
-- The machine of that name in a team of the caller, locked: nothing can be queued for it, and nobody else changes it.
--
-- Errors:
--   JB403, JB404  as auth.require_machine
declare
    v_machine data.machine := auth.require_machine(p_caller, p_machine_name, p_team_name);
begin
    select machine.*
    into v_machine
    from data.machine as machine
    where machine.company_id = p_caller.company_id
      and machine.machine_id = v_machine.machine_id
      and machine.removed_time is null
    for update;
    if not found then
        raise exception using errcode = 'JB404',
            message = format('machine %s not found in team %s', left(p_machine_name, 100), left(p_team_name, 100));
    end if;
    return v_machine;
end;
$$;
