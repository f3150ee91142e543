create or replace function api.get_company_data_graph_json(
    out nodes data.graph_node[],
    out edges data.graph_edge[])
language plpgsql volatile security definer set search_path = ''
as $$
-- Show how things of the company hang together: a graph of its regions, bridges, machines, teams and users.
--
-- Callers: users
-- Returns:
--   1: the nodes, by type and name; nodeId is the thing's uuid
--   2: the edges: a company has regions and teams, a region has bridges, a bridge serves machines, a team owns machines, a user
--      joins teams
-- Rules:
--   Machines and users are those of the caller's teams; for administrators those of the company.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_teams  bigint[] := auth.shown_teams(v_caller);
    v_all    boolean := auth.is_administrator(v_caller);
    v_users  bigint[] := array(
        select person.user_id
        from data.company_user as person
        where person.company_id = v_caller.company_id
          and person.removed_time is null
          and (v_all or person.user_id = v_caller.user_id or exists (
              select from data.team_member as member
              where member.company_id = v_caller.company_id
                and member.user_id = person.user_id
                and member.team_id = any(v_teams))));
begin
    nodes := array(
        select row(entity.entity_uuid, entity.entity_type, entity.entity_name)::data.graph_node
        from auth.entities_of(v_caller.company_id) as entity
        where case entity.entity_type
                  when 'User' then entity.entity_id = any(v_users)
                  when 'Machine' then exists (
                      select from data.machine as machine
                      where machine.company_id = v_caller.company_id
                        and machine.machine_id = entity.entity_id
                        and machine.team_id = any(v_teams))
                  else true
              end
        order by entity.entity_type, lower(entity.entity_name));

    edges := array(
        select row(v_caller.company_uuid, region.region_uuid, 'has')::data.graph_edge
        from data.region as region
        where region.company_id = v_caller.company_id
        union all
        select row(v_caller.company_uuid, team.team_uuid, 'has')::data.graph_edge
        from data.team as team
        where team.company_id = v_caller.company_id
        union all
        select row(region.region_uuid, bridge.bridge_uuid, 'has')::data.graph_edge
        from data.bridge as bridge
        join data.region as region on region.company_id = bridge.company_id and region.region_id = bridge.region_id
        where bridge.company_id = v_caller.company_id
        union all
        select row(bridge.bridge_uuid, machine.machine_uuid, 'serves')::data.graph_edge
        from data.machine as machine
        join data.bridge as bridge on bridge.company_id = machine.company_id and bridge.bridge_id = machine.bridge_id
        where machine.company_id = v_caller.company_id
          and machine.team_id = any(v_teams)
        union all
        select row(team.team_uuid, machine.machine_uuid, 'owns')::data.graph_edge
        from data.machine as machine
        join data.team as team on team.company_id = machine.company_id and team.team_id = machine.team_id
        where machine.company_id = v_caller.company_id
          and machine.team_id = any(v_teams)
        union all
        select row(person.user_uuid, team.team_uuid, 'joins')::data.graph_edge
        from data.team_member as member
        join data.company_user as person on person.company_id = member.company_id and person.user_id = member.user_id
        join data.team as team on team.company_id = member.company_id and team.team_id = member.team_id
        where member.company_id = v_caller.company_id
          and member.team_id = any(v_teams)
          and member.user_id = any(v_users));
end;
$$;
