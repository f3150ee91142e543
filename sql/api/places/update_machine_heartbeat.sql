create or replace function api.update_machine_heartbeat(
    p_team_name         text,
    p_machine_name      text,
    p_heartbeat_seconds data.heartbeat_seconds default null)
returns table (
    machine_name      text,
    heartbeat_seconds integer)
language plpgsql volatile security definer set search_path = ''
as $$
-- Say how often the agent of a machine should show a sign of life.
--
-- Callers: users
-- Arguments:
--   teamName          a team of the caller
--   machineName       a machine of that team
--   heartbeatSeconds  1 to 3600; left out: 10 again
-- Returns:
--   1: the machine, one row
-- Errors:
--   JB403  the team is not the caller's
--   JB404  the company has no such team, or the team no such machine
-- Rules:
--   The requesting user must be a member of the specified team.
--   Its agent hears it with the answer to its next heartbeat. It beats more often when its lease is shorter than three times that.
#variable_conflict use_column
declare
    v_caller  auth.caller := auth.enter_call();
    v_now     timestamptz := data.clock();
    v_machine data.machine := auth.lock_machine(v_caller, p_machine_name, p_team_name);
begin
    update data.machine as machine
    set heartbeat_seconds = p_heartbeat_seconds
    where machine.company_id = v_caller.company_id
      and machine.machine_id = v_machine.machine_id;
    perform auth.audit(v_caller, v_now, 'HeartbeatUpdated', 'Machine', v_machine.machine_uuid, v_machine.machine_name,
        format('every %s', data.counted(coalesce(p_heartbeat_seconds, 10), 'second')));

    return query
    select v_machine.machine_name::text, coalesce(p_heartbeat_seconds, 10)::integer;
end;
$$;
