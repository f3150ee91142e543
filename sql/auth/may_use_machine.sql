create or replace function auth.may_use_machine(p_caller auth.caller, p_team_id bigint, p_machine_id bigint)
returns boolean
language plpgsql stable set search_path = ''
as $$
-- Whether a machine, and with it its items, exists for this caller: a member of its team, its agent, or its bridge's agent.
-- Without a machine: a team's pool, for which an agent's token must hold the key.
-- For a bridge's agent the grant decides: it may lack a machine that came to the bridge after the token was made.
--
-- In plpgsql, because servers before 18 plan a function in SQL again in each transaction that calls it.
begin
    if p_caller.user_id is not null then
        return exists (
            select from data.team_member as member
            where member.company_id = p_caller.company_id
              and member.team_id = p_team_id
              and member.user_id = p_caller.user_id);
    elsif p_machine_id is null then
        return exists (
            select from data.team as team
            join data.held_key as held on held.company_id = team.company_id and held.key_id = team.team_uuid
            where team.company_id = p_caller.company_id
              and team.team_id = p_team_id
              and held.holder_kind = 'agent'
              and held.holder_id = p_caller.token_id
              and held.key_kind = 'team');
    elsif p_caller.machine_id is not null then
        return p_caller.machine_id = p_machine_id;
    end if;
    return exists (
        select from data.machine as machine
        join data.held_key as held on held.company_id = machine.company_id and held.key_id = machine.machine_uuid
        where machine.company_id = p_caller.company_id
          and machine.machine_id = p_machine_id
          and machine.bridge_id = p_caller.bridge_id
          and held.holder_kind = 'agent'
          and held.holder_id = p_caller.token_id
          and held.key_kind = 'machine');
end;
$$;
