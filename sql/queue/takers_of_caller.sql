create or replace function queue.takers_of_caller(
    p_caller        auth.caller,
    p_machine_name  text,
    p_bridge_name   text,
    out machine_ids bigint[],
    out pool_ids    bigint[])
language plpgsql stable set search_path = ''
as $$
-- The machines for which a claim asks, and the teams from whose pools these may take, as far as the caller may use them and can
-- open their vaults.
--
-- Arguments:
--   machine_name, bridge_name  one of them; an agent's token implies its own and may name no other, a session made for
--                              a bridge implies this bridge
-- Returns:
--   machine_ids  never empty
--   pool_ids     the machines' teams; of an agent, those whose key its token holds
-- Errors:
--   JB400  both or neither
--   JB403  the machine, or every machine of the bridge, is not the caller's
--   JB404  the company has no such machine or bridge
declare
    v_machine data.machine;
    v_bridge  data.bridge;
begin
    if p_machine_name is not null and p_bridge_name is not null then
        raise exception using errcode = 'JB400', message = 'machineName and bridgeName are both given: name one of them';
    elsif p_machine_name is not null then
        v_machine := auth.require_machine(p_caller, p_machine_name);
    elsif p_bridge_name is not null then
        v_bridge := auth.require_bridge(p_caller, p_bridge_name);
    elsif p_caller.machine_id is not null then
        v_machine.machine_id := p_caller.machine_id;
    elsif p_caller.bridge_id is not null then
        v_bridge.bridge_id := p_caller.bridge_id;
    elsif p_caller.target_bridge_id is not null then
        v_bridge.bridge_id := p_caller.target_bridge_id;
    else
        raise exception using errcode = 'JB400', message = 'machineName or bridgeName is missing: name one of them';
    end if;

    if p_caller.user_id is null then
        -- The grant decides: it may lack a machine that came to the bridge after the token was made.
        machine_ids := array(
            select machine.machine_id
            from data.held_key as held
            cross join lateral (
                select granted.machine_id, granted.bridge_id
                from data.machine as granted
                where granted.company_id = held.company_id
                  and granted.machine_uuid = held.key_id
                offset 0) as machine            -- one by one: a plain join may read every machine of the company
            where held.company_id = p_caller.company_id
              and held.holder_kind = 'agent'
              and held.holder_id = p_caller.token_id
              and held.key_kind = 'machine'
              and (machine.machine_id = p_caller.machine_id or machine.bridge_id = p_caller.bridge_id)
              and (machine.machine_id = v_machine.machine_id or machine.bridge_id = v_bridge.bridge_id));
        pool_ids := array(
            select team.team_id
            from data.held_key as held
            cross join lateral (
                select granted.team_id
                from data.team as granted
                where granted.company_id = held.company_id
                  and granted.team_uuid = held.key_id
                offset 0) as team
            where held.company_id = p_caller.company_id
              and held.holder_kind = 'agent'
              and held.holder_id = p_caller.token_id
              and held.key_kind = 'team');
    elsif v_machine.machine_id is not null then
        machine_ids := array[v_machine.machine_id];
        pool_ids := array[v_machine.team_id];
    else
        machine_ids := array(
            select machine.machine_id
            from data.machine as machine
            join data.team_member as member
                on member.company_id = machine.company_id and member.team_id = machine.team_id
            where machine.company_id = p_caller.company_id
              and machine.bridge_id = v_bridge.bridge_id
              and member.user_id = p_caller.user_id);
        pool_ids := array(
            select distinct machine.team_id
            from data.machine as machine
            where machine.company_id = p_caller.company_id
              and machine.machine_id = any(machine_ids));
    end if;

    if cardinality(machine_ids) = 0 then
        raise exception using errcode = 'JB403', message = format('no machine of %s is yours to use', case
            when v_machine.machine_id is not null then 'this token'
            else 'bridge ' || coalesce(v_bridge.bridge_name, 'this token')
        end);
    end if;
end;
$$;
