create or replace function keyring.agent_machines(p_machine_name text, p_bridge_name text, p_pools boolean default false)
returns table (
    machine_uuid uuid,
    team_uuid    uuid)
language plpgsql volatile security definer set search_path = ''
as $$
-- The machines, and the teams if it serves their pools, whose keys an agent token has to hold, before the call that makes it.
--
-- Returns:
--   a row per key, one of the columns null
--
-- Errors:
--   whatever api.create_agent_token would raise for these names
declare
    v_target record := auth.require_agent_target(auth.identify_settled(), p_machine_name, p_bridge_name);
begin
    return query
    select asked.machine_uuid, null::uuid
    from unnest(v_target.machine_uuids) as asked (machine_uuid)
    union all
    select null::uuid, asked.team_uuid
    from unnest(v_target.team_uuids) as asked (team_uuid)
    where p_pools;
end;
$$;
