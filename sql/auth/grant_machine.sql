create or replace function auth.grant_machine(
    p_caller       auth.caller,
    p_machine_uuid uuid,
    p_bridge_id    bigint,
    p_material     data.machine_material,
    p_time         timestamptz)
returns integer
language plpgsql volatile set search_path = ''
as $$
-- Give the keys of a machine that comes to a bridge, which is locked, to the bridge's agents, and that of its team's pool to those
-- that serve pools.
--
-- Returns:
--   how many agent tokens of the bridge can be given nothing: they have no key pair that the company vouches for
-- Errors:
--   JB403  there are agents, and the caller came without the broker, which makes the grants
--   JB503  the bridge's tokens changed during the call
declare
    v_token_ids uuid[] := array(
        select token.token_id
        from data.token as token
        where token.company_id = p_caller.company_id
          and token.bridge_id = p_bridge_id
          and token.kind = 'agent'
          and token.expires_time > p_time
        order by token.token_id);
    v_team_id   bigint := (
        select machine.team_id
        from data.machine as machine
        where machine.company_id = p_caller.company_id
          and machine.machine_uuid = p_machine_uuid);
begin
    if cardinality(v_token_ids) > 0 then
        perform auth.require_keys(p_caller, p_material.machine_uuid);
    end if;
    -- One that has expired in the meantime changes nothing.
    if p_material.token_ids is not null and not v_token_ids <@ p_material.token_ids then
        raise exception using errcode = 'JB503', message = 'the agent tokens of the bridge changed during the call: repeat it';
    end if;

    -- Agents of other bridges lose what they held.
    delete from data.held_key as held
    using data.token as token
    where held.company_id = p_caller.company_id
      and held.holder_kind = 'agent'
      and held.key_kind = 'machine'
      and held.key_id = p_machine_uuid
      and token.company_id = held.company_id
      and token.token_id = held.holder_id
      and token.bridge_id <> p_bridge_id;

    perform auth.withdraw_pools(p_caller.company_id, v_team_id);
    perform data.add_grants(p_caller.company_id, 'machine', array(
        select given
        from unnest(p_material.grants) as given
        where given.key_id = p_machine_uuid
          and given.token_id = any(v_token_ids)));
    perform data.add_grants(p_caller.company_id, 'team', array(
        select given
        from unnest(p_material.grants) as given
        join data.team as team on team.company_id = p_caller.company_id and team.team_uuid = given.key_id
        join data.token as token on token.company_id = p_caller.company_id and token.token_id = given.token_id
        where team.team_id = v_team_id
          and given.token_id = any(v_token_ids)
          and token.pools));

    return (
        select count(*)
        from unnest(v_token_ids) as live (token_id)
        where not exists (
            select from data.held_key as held
            where held.company_id = p_caller.company_id
              and held.holder_kind = 'agent'
              and held.holder_id = live.token_id
              and held.key_kind = 'machine'
              and held.key_id = p_machine_uuid));
end;
$$;
