create or replace function auth.import_machine(
    p_caller   auth.caller,
    p_machine  jsonb,
    p_override boolean,
    p_time     timestamptz)
returns boolean
language plpgsql volatile set search_path = ''
as $$
-- Make a machine of a document, if the company has none of that name.
--
-- Returns:
--   whether it was made
-- Errors:
--   JB402  the plan has no room for it
--   JB403  the caller is not a member of its team
--   JB404  the company has no such team, or no such bridge
--   JB409  its bridge has agents, who must be given its keys; or, with override, it is there and lies elsewhere
declare
    v_name    data.entity_name := p_machine ->> 'machineName';
    v_team    data.team;
    v_bridge  data.bridge;
    v_machine data.machine;
    v_uuid    uuid := data.uuid_v7();
begin
    select machine.*
    into v_machine
    from data.machine as machine
    where machine.company_id = p_caller.company_id
      and lower(machine.machine_name) = lower(v_name);
    if v_machine.machine_id is not null and not p_override then
        return false;
    end if;

    v_team := auth.require_team(p_caller, p_machine ->> 'teamName');
    v_bridge := auth.require_bridge(p_caller, p_machine ->> 'bridgeName');
    if v_machine.machine_id is not null then
        if (v_machine.team_id, v_machine.bridge_id) <> (v_team.team_id, v_bridge.bridge_id) then
            raise exception using errcode = 'JB409', message = format(
                'machine %s is not in team %s on bridge %s: its keys move with it, so move it by a call of its own first',
                v_machine.machine_name, v_team.team_name, v_bridge.bridge_name);
        end if;
        return false;
    end if;

    perform auth.lock_bridges(p_caller, array[v_bridge.bridge_id]);
    perform from data.token as token
    where token.company_id = p_caller.company_id
      and token.bridge_id = v_bridge.bridge_id
      and token.kind = 'agent'
      and token.expires_time > p_time;
    if found then
        raise exception using errcode = 'JB409', message = format(
            'bridge %s has agents, who must be given the keys of machine %s: make it by CreateMachine first',
            v_bridge.bridge_name, v_name);
    end if;

    perform auth.require_room(p_caller, 'machines');
    insert into data.machine (company_id, machine_uuid, machine_name, team_id, bridge_id, created_time)
    values (p_caller.company_id, v_uuid, v_name, v_team.team_id, v_bridge.bridge_id, p_time);
    perform auth.audit(p_caller, p_time, 'Created', 'Machine', v_uuid, v_name,
        format('in team %s, on bridge %s, by an import', v_team.team_name, v_bridge.bridge_name));
    return true;
end;
$$;
