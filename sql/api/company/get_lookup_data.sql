create or replace function api.get_lookup_data(
    p_context text default null)
returns table (dropdown_values text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Give the names from which forms let their users choose.
--
-- Callers: users
-- Arguments:
--   context  the name of one of the lists, to be given that one only; otherwise all are given
-- Returns:
--   1: one row; dropdownValues is JSON text, an object of lists: regions, bridges, bridgesByRegion, teams, machines,
--      machinesByTeam, users, permissionGroups, plans, priorities
-- Rules:
--   Teams and machines are the caller's; users are those of these teams; for administrators those of the company.
--   Users who are deactivated are left out.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_teams  bigint[] := auth.shown_teams(v_caller);
    v_all    boolean := auth.is_administrator(v_caller);
    v_lists  jsonb;
begin
    v_lists := jsonb_build_object(
        'regions', (
            select coalesce(jsonb_agg(region.region_name order by lower(region.region_name)), '[]')
            from data.region as region
            where region.company_id = v_caller.company_id),
        'bridges', (
            select coalesce(jsonb_agg(bridge.bridge_name order by lower(bridge.bridge_name)), '[]')
            from data.bridge as bridge
            where bridge.company_id = v_caller.company_id),
        'bridgesByRegion', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'regionName', region.region_name,
                'bridges', (
                    select coalesce(jsonb_agg(bridge.bridge_name order by lower(bridge.bridge_name)), '[]')
                    from data.bridge as bridge
                    where bridge.company_id = region.company_id
                      and bridge.region_id = region.region_id)) order by lower(region.region_name)), '[]')
            from data.region as region
            where region.company_id = v_caller.company_id),
        'teams', (
            select coalesce(jsonb_agg(team.team_name order by lower(team.team_name)), '[]')
            from data.team as team
            where team.company_id = v_caller.company_id
              and team.team_id = any(v_teams)),
        'machines', (
            select coalesce(jsonb_agg(machine.machine_name order by lower(machine.machine_name)), '[]')
            from data.machine as machine
            where machine.company_id = v_caller.company_id
              and machine.team_id = any(v_teams)),
        'machinesByTeam', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'teamName', team.team_name,
                'machines', (
                    select coalesce(jsonb_agg(jsonb_build_object(
                        'machineName', machine.machine_name, 'bridgeName', bridge.bridge_name)
                        order by lower(machine.machine_name)), '[]')
                    from data.machine as machine
                    join data.bridge as bridge
                        on bridge.company_id = machine.company_id and bridge.bridge_id = machine.bridge_id
                    where machine.company_id = team.company_id
                      and machine.team_id = team.team_id)) order by lower(team.team_name)), '[]')
            from data.team as team
            where team.company_id = v_caller.company_id
              and team.team_id = any(v_teams)),
        'users', (
            select coalesce(jsonb_agg(person.email order by person.email), '[]')
            from data.company_user as person
            where person.company_id = v_caller.company_id
              and person.deactivated_time is null
              and person.removed_time is null
              and (v_all or person.user_id = v_caller.user_id or exists (
                  select from data.team_member as member
                  where member.company_id = person.company_id
                    and member.user_id = person.user_id
                    and member.team_id = any(v_teams)))),
        'permissionGroups', (
            select jsonb_agg(known.group_name order by lower(known.group_name))
            from (
                select built_in::text as group_name
                from unnest(enum_range(null::data.permission_group)) as built_in
                union all
                select own.group_name::text
                from data.rights_group as own
                where own.company_id = v_caller.company_id) as known),
        'plans', to_jsonb(enum_range(null::data.plan)),
        'priorities', jsonb_build_array(1, 2, 3, 4, 5));

    return query
    select (case when v_lists ? p_context then jsonb_build_object(p_context, v_lists -> p_context) else v_lists end)::text;
end;
$$;
