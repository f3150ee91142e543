create or replace function api.resume_machine(p_team_name text, p_machine_name text)
returns table (
    machine_name text,
    result       text,
    wake         data.wake)
language plpgsql volatile security definer set search_path = ''
as $$
-- Give a machine work again: end its pause, its drain, and the order to stop.
--
-- Callers: users
-- Arguments:
--   teamName     a team of the caller
--   machineName  a machine of that team
-- Returns:
--   1: the machine, one row, and what it was before
-- Errors:
--   JB403  the team is not the caller's
--   JB404  the company has no such team, or the team no such machine
-- Rules:
--   The requesting user must be a member of the specified team.
--   An agent that has stopped must be started by who runs the machine. Resuming a machine that works changes nothing.
#variable_conflict use_column
declare
    v_caller  auth.caller := auth.enter_call();
    v_now     timestamptz := data.clock();
    v_machine data.machine := auth.lock_machine(v_caller, p_machine_name, p_team_name);
    v_was     text := case
        when v_machine.drain_time is not null then 'draining'
        when v_machine.paused_time is not null then 'paused'
    end;
begin
    if v_was is not null then
        update data.machine as machine
        set paused_time = null,
            paused_by = null,
            drain_time = null,
            drained_by = null,
            stop_time = null
        where machine.company_id = v_caller.company_id
          and machine.machine_id = v_machine.machine_id;
        perform auth.audit(v_caller, v_now, 'Resumed', 'Machine', v_machine.machine_uuid, v_machine.machine_name, 'was ' || v_was);
    end if;

    return query
    select v_machine.machine_name::text, coalesce('resumed, was ' || v_was, 'it was working'),
           queue.wake_machine(v_machine);
end;
$$;
