create or replace function auth.keep_agent_token(
    p_caller       auth.caller,
    p_material     data.token_material,
    p_target       record,
    p_name         data.entity_name,
    p_expires_time timestamptz,
    p_time         timestamptz,
    p_pools        boolean)
returns void
language plpgsql volatile set search_path = ''
as $$
-- Keep a new agent token with its keys.
--
-- Arguments:
--   target  as auth.require_agent_target answered it
--   pools   whether it serves the pools of its machines' teams
-- Errors:
--   JB503  the bridge's machines changed since the keys were wrapped
begin
    if p_target.machine_uuids is distinct from array(
        select distinct given.key_id
        from unnest((p_material).grants) as given
        where given.key_kind = 'machine'
        order by given.key_id)
       or (case when p_pools then p_target.team_uuids else '{}' end) is distinct from array(
        select distinct given.key_id
        from unnest((p_material).grants) as given
        where given.key_kind = 'team'
        order by given.key_id) then
        raise exception using errcode = 'JB503', message = 'the machines of the bridge changed during the call: repeat it';
    end if;

    perform data.store_token(
        p_caller.company_id, 'agent', p_material, p_name, p_expires_time, p_time, p_caller.user_id,
        p_machine_id => p_target.machine_id, p_bridge_id => p_target.bridge_id, p_pools => p_pools);
end;
$$;
