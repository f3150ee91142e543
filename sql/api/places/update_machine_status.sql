create or replace function api.update_machine_status(
    p_team_name      text,
    p_machine_name   text,
    p_machine_status data.note)
returns table (
    machine_name        text,
    machine_status      text,
    machine_status_time timestamptz,
    bridge_name         text,
    region_name         text,
    team_name           text,
    machine_guid        uuid)
language plpgsql volatile security definer set search_path = ''
as $$
-- Say how a machine is.
--
-- Callers: administrators
-- Arguments:
--   teamName       a team of the caller
--   machineName    a machine of that team
--   machineStatus  any words, at most 1,000 characters, kept in the clear; GetTeamMachines shows them
-- Returns:
--   1: the machine, one row
-- Errors:
--   JB403  the caller is no administrator, or not a member of the team
--   JB404  the company has no such team, or the team no such machine
-- Rules:
--   The requesting user must be a member of the specified team.
--   The broker keeps the words and does nothing by them.
#variable_conflict use_column
declare
    v_caller  auth.caller := auth.enter_call();
    v_now     timestamptz := data.clock();
    v_machine data.machine := auth.lock_machine(v_caller, p_machine_name, p_team_name);
begin
    update data.machine as machine
    set machine_status = p_machine_status,
        machine_status_time = v_now
    where machine.company_id = v_caller.company_id
      and machine.machine_id = v_machine.machine_id;
    perform auth.audit(v_caller, v_now, 'StatusUpdated', 'Machine', v_machine.machine_uuid, v_machine.machine_name);

    return query
    select v_machine.machine_name::text, p_machine_status::text, v_now, bridge.bridge_name::text, region.region_name::text,
           team.team_name::text, v_machine.machine_uuid
    from data.team as team
    join data.bridge as bridge on bridge.company_id = team.company_id and bridge.bridge_id = v_machine.bridge_id
    join data.region as region on region.company_id = bridge.company_id and region.region_id = bridge.region_id
    where team.company_id = v_caller.company_id
      and team.team_id = v_machine.team_id;
end;
$$;
