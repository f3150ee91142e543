create or replace function keyring.bridge_tokens(
    p_team_name    text,
    p_bridge_name  text,
    p_machine_name text default null)
returns table (
    machine_uuid uuid,
    token_id     uuid,
    principal    bytea,
    team_uuid    uuid)
language plpgsql volatile security definer set search_path = ''
as $$
-- To whom the keys of a machine have to be given when it comes to a bridge, before the call that brings it there.
--
-- Arguments:
--   machine_name  null: a new one
-- Returns:
--   a row per agent token of the bridge, with the team if it serves pools; one without a token when it has none
-- Errors:
--   JB403, JB404  as the calls that bring a machine to a bridge
#variable_conflict use_column
declare
    v_caller  auth.caller := auth.identify_settled();
    v_team    data.team := auth.require_team(v_caller, p_team_name);
    v_bridge  data.bridge := auth.require_bridge(v_caller, p_bridge_name);
    v_machine data.machine;
begin
    if p_machine_name is not null then
        v_machine := auth.require_machine(v_caller, p_machine_name, v_team.team_name);
    end if;

    return query
    select v_machine.machine_uuid, token.token_id, data.principal_of(v_caller.company_id, 'agent', token.token_id),
           case when token.pools then v_team.team_uuid end
    from (select v_caller.company_id) as own (company_id)
    left join data.token as token
        on token.company_id = own.company_id and token.bridge_id = v_bridge.bridge_id and token.kind = 'agent'
           and token.expires_time > data.clock();
end;
$$;
