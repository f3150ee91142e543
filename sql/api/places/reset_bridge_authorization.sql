create or replace function api.reset_bridge_authorization(
    p_bridge_name      text,
    p_token_material   data.token_material,
    p_is_cloud_managed boolean default null,
    p_region_name      text default null,
    p_pools            boolean default true)
returns table (
    bridge_name     text,
    result          text,
    management_mode data.management_mode,
    agent_token_id  uuid,
    token           data.revealed)
language plpgsql volatile security definer set search_path = ''
as $$
-- End whatever speaks for a bridge, and make a new token for its agent.
--
-- Callers: administrators
-- Ceremony: bridge_reset
-- Arguments:
--   bridgeName      a bridge of the company
--   isCloudManaged  true: somebody else runs the bridge for the company (Cloud); false: the company does (Local); left out: as before
--   regionName      if given, must be the bridge's region
--   pools           whether the new token's agent takes items of the pools of its machines' teams as well, default true
-- Returns:
--   1: the bridge, one row; token is shown here and nowhere else. It is null when the bridge has no machine, or one of a team
--      that is not the caller's: CreateAgentToken says why
-- Errors:
--   JB403  the caller is no administrator
--   JB404  the company has no such region, or no such bridge in it
--   JB503  the bridge's machines changed during the call
-- Rules:
--   Every agent token of the bridge and every session that speaks for it is dead at once.
--   The new token is good for 365 days and opens the vaults of the machines that the bridge has now, and of their teams' pools.
#variable_conflict use_column
declare
    v_caller      auth.caller := auth.enter_call();
    v_now         timestamptz := data.clock();
    v_bridge      data.bridge := auth.lock_bridge(v_caller, p_bridge_name, p_region_name);
    v_token_count bigint := auth.end_bridge_tokens(v_caller, v_bridge.bridge_id);
    v_mode        data.management_mode := case p_is_cloud_managed
        when true then 'Cloud' when false then 'Local' else v_bridge.management_mode end;
begin
    update data.bridge as bridge
    set management_mode = v_mode
    where bridge.company_id = v_caller.company_id
      and bridge.bridge_id = v_bridge.bridge_id;

    if (p_token_material).token_id is not null then
        perform auth.keep_agent_token(
            v_caller, p_token_material, auth.require_agent_target(v_caller, null, v_bridge.bridge_name), v_bridge.bridge_name,
            v_now + interval '365 days', v_now, p_pools);
    end if;
    perform auth.audit(v_caller, v_now, 'Rotated', 'Bridge', v_bridge.bridge_uuid, v_bridge.bridge_name, format(
        '%s ended, %s, %s', data.counted(v_token_count, 'token'),
        case when (p_token_material).token_id is null then 'no new one made' else 'a new one made' end, v_mode));

    return query
    select v_bridge.bridge_name::text, format('authorization reset: %s ended', data.counted(v_token_count, 'token')), v_mode,
           (p_token_material).token_id, null::data.revealed;
end;
$$;
