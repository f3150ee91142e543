create or replace function api.update_machine_assigned_bridge(
    p_team_name        text,
    p_machine_name     text,
    p_new_bridge_name  text,
    p_machine_material data.machine_material)
returns table (
    machine_name text,
    bridge_name  text,
    team_name    text,
    left_out     integer)
language plpgsql volatile security definer set search_path = ''
as $$
-- Move a machine to another bridge.
--
-- Callers: administrators
-- Ceremony: moved_machine
-- Arguments:
--   teamName       a team of the caller
--   machineName    a machine of that team
--   newBridgeName  the bridge that serves it from now on
-- Returns:
--   1: the machine, one row; leftOut is how many agent tokens of the bridge could not be given its keys: make new ones
-- Errors:
--   JB403  the caller is no administrator, not a member of the team, or has no keys to give to the bridge's agents
--   JB404  the company has no such team or bridge, or the team no such machine
--   JB409  an agent has items of the machine in hand
--   JB503  the machine was moved, or the bridge's agent tokens changed during the call
-- Rules:
--   The requesting user must be a member of the specified team.
--   Agents of the old bridge lose its keys and get no more of its items; those of the new bridge are given its keys and get the
--   items that wait. Agents of the machine itself go on working.
#variable_conflict use_column
declare
    v_caller   auth.caller := auth.enter_call();
    v_now      timestamptz := data.clock();
    v_bridge   data.bridge := auth.require_bridge(v_caller, p_new_bridge_name);
    v_machine  data.machine;
    v_items    record;
    v_left_out integer;
begin
    -- Nobody is just taking an item of a pool for it.
    perform queue.close_gate(v_caller.company_id);
    v_machine := auth.lock_placed_machine(v_caller, p_machine_name, p_team_name, v_bridge.bridge_id);
    v_items := queue.unfinished_items(v_caller.company_id, v_machine.machine_id);
    if v_items.in_hand > 0 then
        raise exception using errcode = 'JB409', message = format(
            'machine %s has %s in hand: cancel them or let them end first', v_machine.machine_name,
            data.counted(v_items.in_hand, 'item'));
    end if;

    update data.machine as machine
    set bridge_id = v_bridge.bridge_id
    where machine.company_id = v_caller.company_id
      and machine.machine_id = v_machine.machine_id;
    v_left_out := auth.grant_machine(v_caller, v_machine.machine_uuid, v_bridge.bridge_id, p_machine_material, v_now);
    perform auth.audit(v_caller, v_now, 'Moved', 'Machine', v_machine.machine_uuid, v_machine.machine_name,
        format('to bridge %s', v_bridge.bridge_name));

    return query
    select v_machine.machine_name::text, v_bridge.bridge_name::text, team.team_name::text, v_left_out
    from data.team as team
    where team.company_id = v_caller.company_id
      and team.team_id = v_machine.team_id;
end;
$$;
