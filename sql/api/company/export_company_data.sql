create or replace function api.export_company_data()
returns table (export_data text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Write down the structure of the company, to be read or to be made again elsewhere.
--
-- Callers: administrators
-- Returns:
--   1: one row; exportData is JSON text that ImportCompanyData takes: format, version, exportedTime, company, permissionGroups,
--      users, teams with their members, regions, bridges, machines, agentTokens
-- Errors:
--   JB403  the caller is no administrator
-- Rules:
--   Of vaults it has the version only: what is sealed leaves the broker by calls that open it. Of tokens it has names.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_name   text;
    v_export jsonb;
begin
    v_export := jsonb_build_object(
        'format', 'broker-company',
        'version', '1',
        'exportedTime', to_char(v_now at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'company', (
            select jsonb_build_object(
                'companyName', company.company_name, 'plan', company.plan,
                'vaultVersion', data.vault_version(company.company_id, company.vault_record_id))
            from data.company as company
            where company.company_id = v_caller.company_id),
        'permissionGroups', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'permissionGroupName', own.group_name,
                'permissions', to_jsonb(auth.rights_of(own.company_id, own.group_id))) order by lower(own.group_name)), '[]')
            from data.rights_group as own
            where own.company_id = v_caller.company_id),
        'users', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'userEmail', person.email,
                'permissionGroupName', coalesce((
                    select own.group_name::text
                    from data.rights_group as own
                    where own.company_id = person.company_id
                      and own.group_id = person.group_id), person.permission_group::text),
                'activated', person.activated_time is not null and person.deactivated_time is null,
                'vaultVersion', data.vault_version(person.company_id, person.vault_record_id)) order by person.email), '[]')
            from data.company_user as person
            where person.company_id = v_caller.company_id
              and person.removed_time is null),
        'teams', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'teamName', team.team_name,
                'vaultVersion', data.vault_version(team.company_id, team.vault_record_id),
                'members', (
                    select coalesce(jsonb_agg(person.email order by person.email), '[]')
                    from data.team_member as member
                    join data.company_user as person
                        on person.company_id = member.company_id and person.user_id = member.user_id
                    where member.company_id = team.company_id
                      and member.team_id = team.team_id)) order by lower(team.team_name)), '[]')
            from data.team as team
            where team.company_id = v_caller.company_id),
        'regions', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'regionName', region.region_name,
                'vaultVersion', data.vault_version(region.company_id, region.vault_record_id))
                order by lower(region.region_name)), '[]')
            from data.region as region
            where region.company_id = v_caller.company_id),
        'bridges', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'bridgeName', bridge.bridge_name, 'regionName', region.region_name,
                'vaultVersion', data.vault_version(bridge.company_id, bridge.vault_record_id))
                order by lower(bridge.bridge_name)), '[]')
            from data.bridge as bridge
            join data.region as region on region.company_id = bridge.company_id and region.region_id = bridge.region_id
            where bridge.company_id = v_caller.company_id),
        'machines', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'machineName', machine.machine_name, 'teamName', team.team_name, 'bridgeName', bridge.bridge_name,
                'vaultVersion', data.vault_version(machine.company_id, machine.vault_record_id))
                order by lower(machine.machine_name)), '[]')
            from data.machine as machine
            join data.team as team on team.company_id = machine.company_id and team.team_id = machine.team_id
            join data.bridge as bridge on bridge.company_id = machine.company_id and bridge.bridge_id = machine.bridge_id
            where machine.company_id = v_caller.company_id),
        'agentTokens', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'name', token.token_name, 'machineName', machine.machine_name, 'bridgeName', bridge.bridge_name)
                order by lower(token.token_name)), '[]')
            from data.token as token
            left join data.machine as machine
                on machine.company_id = token.company_id and machine.machine_id = token.machine_id
            left join data.bridge as bridge
                on bridge.company_id = token.company_id and bridge.bridge_id = token.bridge_id
            where token.company_id = v_caller.company_id
              and token.kind = 'agent'));

    v_name := v_export -> 'company' ->> 'companyName';
    perform auth.audit(v_caller, v_now, 'Exported', 'Company', v_caller.company_uuid, v_name, 'structure, without vaults');

    return query
    select v_export::text;
end;
$$;
