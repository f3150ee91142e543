create or replace function api.create_machine(
    p_team_name        text,
    p_bridge_name      text,
    p_machine_name     data.entity_name,
    p_machine_vault    data.vault default null,
    p_machine_material data.machine_material default null)
returns table (
    name     text,
    left_out integer)
language plpgsql volatile security definer set search_path = ''
as $$
-- Make a machine of a team, reached by a bridge.
--
-- Callers: administrators
-- Ceremony: new_machine
-- Seals: machineVault machine new_machine
-- Arguments:
--   teamName      a team of the caller
--   bridgeName    the bridge that serves the machine
--   machineName   its name
--   machineVault  JSON text that the team's members may read
-- Returns:
--   1: one row: the machine's name, and leftOut, how many agent tokens of the bridge could not be given its keys: make new ones
-- Errors:
--   JB402  the company has as many machines as its plan allows
--   JB403  the caller is no administrator, or not a member of the team, or has no keys to give to the bridge's agents
--   JB404  the company has no such team, or no such bridge
--   JB409  the company has a machine of that name
--   JB421  the vault was sealed for something else
--   JB503  the bridge's agent tokens changed during the call
-- Rules:
--   The requesting user must be a member of the specified team.
--   Machine names are unique in a company, whatever their case and team.
--   The agents of the bridge can open the machine's vaults from now on.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_team   data.team := auth.require_team(v_caller, p_team_name);
    v_bridge data.bridge := auth.require_bridge(v_caller, p_bridge_name);
    v_kept   record;
    v_uuid   uuid;
begin
    perform auth.lock_bridges(v_caller, array[v_bridge.bridge_id]);
    perform auth.require_room(v_caller, 'machines');
    v_kept := auth.keep_new_vault(v_caller, p_machine_vault, 'machine', v_now);
    v_uuid := coalesce(p_machine_material.machine_uuid, v_kept.entity_uuid);

    insert into data.machine (company_id, machine_uuid, machine_name, team_id, bridge_id, vault_record_id, created_time)
    values (
        v_caller.company_id, v_uuid, p_machine_name, v_team.team_id, v_bridge.bridge_id, v_kept.vault_record_id,
        v_now)
    on conflict do nothing;
    if not found then
        raise exception using errcode = 'JB409', message = format('machine %s exists already', p_machine_name);
    end if;
    perform auth.audit(v_caller, v_now, 'Created', 'Machine', v_uuid, p_machine_name,
        format('in team %s, on bridge %s', v_team.team_name, v_bridge.bridge_name));

    return query
    select p_machine_name::text, auth.grant_machine(v_caller, v_uuid, v_bridge.bridge_id, p_machine_material, v_now);
end;
$$;
