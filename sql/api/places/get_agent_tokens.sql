create or replace function api.get_agent_tokens(
    p_machine_name text default null,
    p_bridge_name  text default null)
returns table (
    agent_token_id uuid,
    name           text,
    machine_name   text,
    bridge_name    text,
    created_by     text,
    created_time   timestamptz,
    last_used_time timestamptz,
    expires_time   timestamptz,
    pools          boolean)
language plpgsql volatile security definer set search_path = ''
as $$
-- List the agent tokens that are good: what is known of them, never the tokens themselves.
--
-- Callers: administrators
-- Arguments:
--   machineName  only those of this machine
--   bridgeName   only those of this bridge
-- Returns:
--   1: the tokens, newest first; lastUsedTime is exact to a minute; pools: whether it holds the keys of its machines' teams
-- Errors:
--   JB403  the machine is of a team that is not the caller's
--   JB404  the company has no such machine, or no such bridge
-- Rules:
--   Tokens of machines are for the members of their team, tokens of bridges for every administrator.
#variable_conflict use_column
declare
    v_caller  auth.caller := auth.enter_call();
    v_now     timestamptz := data.clock();
    v_machine data.machine;
    v_bridge  data.bridge;
begin
    if p_machine_name is not null then
        v_machine := auth.require_machine(v_caller, p_machine_name);
    end if;
    if p_bridge_name is not null then
        v_bridge := auth.require_bridge(v_caller, p_bridge_name);
    end if;

    return query
    select token.token_id, token.token_name::text, machine.machine_name::text, bridge.bridge_name::text, person.email::text,
           token.created_time, token.last_used_time, token.expires_time, token.pools
    from data.token as token
    left join data.machine as machine on machine.company_id = token.company_id and machine.machine_id = token.machine_id
    left join data.bridge as bridge on bridge.company_id = token.company_id and bridge.bridge_id = token.bridge_id
    left join data.company_user as person on person.company_id = token.company_id and person.user_id = token.created_by
    where token.company_id = v_caller.company_id
      and token.kind = 'agent'
      and token.expires_time > v_now
      and (token.machine_id is null or auth.may_use_machine(v_caller, machine.team_id, machine.machine_id))
      and (p_machine_name is null or token.machine_id = v_machine.machine_id)
      and (p_bridge_name is null or token.bridge_id = v_bridge.bridge_id)
    order by token.created_time desc, token.token_id desc;
end;
$$;
