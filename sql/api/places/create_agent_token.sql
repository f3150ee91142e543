create or replace function api.create_agent_token(
    p_token_material  data.token_material,
    p_machine_name    text default null,
    p_bridge_name     text default null,
    p_name            data.entity_name default null,
    p_expires_in_days integer default 365,
    p_pools           boolean default true)
returns table (
    agent_token_id uuid,
    token          data.revealed,
    name           text,
    machine_name   text,
    bridge_name    text,
    expires_time   timestamptz)
language plpgsql volatile security definer set search_path = ''
as $$
-- Make a token for the agent of a machine, or of all machines of a bridge.
--
-- Callers: administrators
-- Ceremony: agent_token
-- Arguments:
--   machineName    a machine of the caller's teams, or
--   bridgeName     a bridge whose machines are all of the caller's teams
--   name           to know the token by; default: the name of the machine or bridge
--   expiresInDays  1 to 3650, default 365
--   pools          whether its agent takes items of the pools of its machines' teams as well, default true
-- Returns:
--   1: the token, one row; its text is shown here and nowhere else
-- Errors:
--   JB400  not exactly one of machineName and bridgeName, or expiresInDays is out of range
--   JB403  the caller is no administrator, a machine is of a team that is not his, or there is no key to give
--   JB404  the company has no such machine, or no such bridge
--   JB409  the bridge has no machine
--   JB503  the bridge's machines changed during the call
-- Rules:
--   The requesting user must be a member of the team of every machine whose vaults the token will open.
--   The token opens the vaults of its machine, or of the machines that its bridge has now, and unless pools is false those of
--   their teams' pools, and no others. Who brings a machine to the bridge later gives its keys to the bridge's tokens as well.
#variable_conflict use_column
declare
    v_caller  auth.caller := auth.enter_call();
    v_now     timestamptz := data.clock();
    v_target  record;
    v_name    data.entity_name;
    v_expires timestamptz := v_now + make_interval(days => p_expires_in_days);
begin
    -- Locked: a machine that comes to the bridge right now must not miss this token, nor the token it.
    if p_bridge_name is not null then
        perform auth.lock_bridges(v_caller, array[(auth.require_bridge(v_caller, p_bridge_name)).bridge_id]);
    end if;
    v_target := auth.require_agent_target(v_caller, p_machine_name, p_bridge_name);
    v_name := coalesce(p_name, v_target.machine_name, v_target.bridge_name);

    if p_expires_in_days not between 1 and 3650 then
        raise exception using errcode = 'JB400', message = format(
            'expiresInDays is %s: 1 day to 3650 (ten years) are possible', p_expires_in_days);
    end if;
    perform auth.require_keys(v_caller, (p_token_material).token_id);

    perform auth.keep_agent_token(v_caller, p_token_material, v_target, v_name, v_expires, v_now, p_pools);
    perform auth.audit(v_caller, v_now, 'Created', 'AgentToken', (p_token_material).token_id, v_name, format(
        'for %s, good until %s%s', coalesce('machine ' || v_target.machine_name, 'bridge ' || v_target.bridge_name),
        to_char(v_expires at time zone 'UTC', 'YYYY-MM-DD'), case when not p_pools then ', without pools' end));

    return query
    select (p_token_material).token_id, null::data.revealed, v_name::text, v_target.machine_name, v_target.bridge_name,
           v_expires;
end;
$$;
