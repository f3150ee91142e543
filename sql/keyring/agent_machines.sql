create or replace function keyring.agent_machines(p_machine_name text, p_bridge_name text)
returns table (machine_uuid uuid)
language plpgsql volatile security definer set search_path = ''
as $$
-- The machines whose keys an agent token has to hold, before the call that makes it.
--
-- Errors:
--   whatever api.create_agent_token would raise for these names
begin
    return query
    select target.machine_uuid
    from unnest((auth.require_agent_target(auth.identify_settled(), p_machine_name, p_bridge_name)).machine_uuids)
        as target (machine_uuid);
end;
$$;
