create or replace function auth.require_agent_target(
    p_caller          auth.caller,
    p_machine_name    text,
    p_bridge_name     text,
    out machine_id    bigint,
    out machine_name  text,
    out bridge_id     bigint,
    out bridge_name   text,
    out machine_uuids uuid[],
    out team_uuids    uuid[])
language plpgsql stable set search_path = ''
as $$
-- The machine or bridge that an agent token is for, and the machines whose vaults its holder will open, in order of their uuids;
-- likewise the teams of these machines, whose pools it may serve.
--
-- Errors:
--   JB400  not exactly one of the two names
--   JB403  a machine is of a team that is not the caller's
--   JB404  the company has no such machine, or no such bridge
--   JB409  the bridge has no machine
declare
    v_machine data.machine;
    v_bridge  data.bridge;
    v_foreign text;
begin
    if num_nonnulls(p_machine_name, p_bridge_name) <> 1 then
        raise exception using errcode = 'JB400', message = 'name either machineName or bridgeName: a token is for one of them';
    end if;

    if p_machine_name is not null then
        v_machine := auth.require_machine(p_caller, p_machine_name);
        machine_id := v_machine.machine_id;
        machine_name := v_machine.machine_name;
        machine_uuids := array[v_machine.machine_uuid];
        team_uuids := array(
            select team.team_uuid
            from data.team as team
            where team.company_id = p_caller.company_id
              and team.team_id = v_machine.team_id);
        return;
    end if;

    v_bridge := auth.require_bridge(p_caller, p_bridge_name);
    bridge_id := v_bridge.bridge_id;
    bridge_name := v_bridge.bridge_name;
    select array_agg(machine.machine_uuid order by machine.machine_uuid),
           min(machine.machine_name) filter (
               where not auth.may_use_machine(p_caller, machine.team_id, machine.machine_id))
    into machine_uuids, v_foreign
    from data.machine as machine
    where machine.company_id = p_caller.company_id
      and machine.bridge_id = v_bridge.bridge_id;
    if v_foreign is not null then
        raise exception using errcode = 'JB403', message = format(
            'machine %s of bridge %s is not yours to use: a token for the bridge would open its vaults', v_foreign, v_bridge.bridge_name);
    elsif machine_uuids is null then
        raise exception using errcode = 'JB409', message = format(
            'bridge %s has no machine yet: a token for it would open nothing', v_bridge.bridge_name);
    end if;
    team_uuids := array(
        select distinct team.team_uuid
        from data.machine as machine
        join data.team as team on team.company_id = machine.company_id and team.team_id = machine.team_id
        where machine.company_id = p_caller.company_id
          and machine.bridge_id = v_bridge.bridge_id
        order by team.team_uuid);
end;
$$;
