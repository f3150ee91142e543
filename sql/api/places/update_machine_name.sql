create or replace function api.update_machine_name(
    p_team_name            text,
    p_current_machine_name text,
    p_new_machine_name     data.entity_name)
returns table (
    machine_name text,
    bridge_name  text,
    team_name    text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Give a machine another name.
--
-- Callers: administrators
-- Arguments:
--   teamName            a team of the caller
--   currentMachineName  a machine of that team
--   newMachineName      its name from now on
-- Returns:
--   1: the machine, one row
-- Errors:
--   JB403  the caller is no administrator, or not a member of the team
--   JB404  the company has no such team, or the team no such machine
--   JB409  the company has another machine of the new name
-- Rules:
--   The requesting user must be a member of the specified team.
--   Machine names are unique in a company, whatever their case and team; a name can be changed in its case alone.
--   Its items, agents and tokens stay with it.
#variable_conflict use_column
declare
    v_caller  auth.caller := auth.enter_call();
    v_now     timestamptz := data.clock();
    v_machine data.machine := auth.lock_machine(v_caller, p_current_machine_name, p_team_name);
begin
    perform auth.rename_entity(v_caller, 'machine', v_machine.machine_uuid, v_machine.machine_name, p_new_machine_name, v_now);

    return query
    select p_new_machine_name::text, bridge.bridge_name::text, team.team_name::text
    from data.team as team
    join data.bridge as bridge on bridge.company_id = team.company_id and bridge.bridge_id = v_machine.bridge_id
    where team.company_id = v_caller.company_id
      and team.team_id = v_machine.team_id;
end;
$$;
