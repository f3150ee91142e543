create or replace function api.import_company_data(
    p_company_data_json data.document,
    p_import_mode       text default 'skip')
returns table (
    imported_count   integer,
    skipped_count    integer,
    regions_created  integer,
    bridges_created  integer,
    bridges_moved    integer,
    teams_created    integer,
    machines_created integer,
    result           text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Make the regions, bridges, teams and machines of an exported company that this one lacks, all or none.
--
-- Callers: administrators
-- Arguments:
--   companyDataJson  what ExportCompanyData gave as exportData, as text or as an object
--   importMode       skip: what is there stays as it is; override: bridges that are there move to the region of the document
-- Returns:
--   1: how many were made, moved, and skipped because they are there; one row
-- Errors:
--   JB400  companyDataJson was not made by ExportCompanyData, or importMode is neither skip nor override
--   JB402  the plan has no room for what is missing
--   JB403  the caller is no administrator, or not a member of the team of a machine that is missing
--   JB404  a bridge names a region, or a machine a team or bridge, that neither the document nor the company has
--   JB409  a machine's bridge has agents, who must be given its keys; or, with override, a machine lies elsewhere
-- Rules:
--   Names are compared without regard to case. Of new teams the caller becomes the first member.
--   Users, groups, tokens and vaults are not imported: people must be invited, and nobody can open what was sealed elsewhere.
#variable_conflict use_column
declare
    v_caller   auth.caller := auth.enter_call();
    v_now      timestamptz := data.clock();
    v_override boolean := lower(p_import_mode) = 'override';
    v_entry    jsonb;
    v_name     data.entity_name;
    v_uuid     uuid;
    v_region   data.region;
    v_bridge   data.bridge;
    v_regions  integer := 0;
    v_bridges  integer := 0;
    v_moved    integer := 0;
    v_teams    integer := 0;
    v_machines integer := 0;
    v_skipped  integer := 0;
begin
    if lower(p_import_mode) not in ('skip', 'override') then
        raise exception using errcode = 'JB400', message = 'importMode must be skip or override';
    end if;
    perform auth.require_company_document(p_company_data_json);

    for v_entry in select entry.value from jsonb_array_elements(p_company_data_json -> 'regions') as entry (value) loop
        v_name := v_entry ->> 'regionName';
        perform from data.region as region
        where region.company_id = v_caller.company_id
          and lower(region.region_name) = lower(v_name);
        if found then
            v_skipped := v_skipped + 1;
            continue;
        end if;
        perform auth.require_room(v_caller, 'regions');
        v_uuid := data.uuid_v7();
        perform data.make_region(v_caller.company_id, v_uuid, v_name, null, v_now);
        perform auth.audit(v_caller, v_now, 'Created', 'Region', v_uuid, v_name, 'by an import');
        v_regions := v_regions + 1;
    end loop;

    for v_entry in select entry.value from jsonb_array_elements(p_company_data_json -> 'bridges') as entry (value) loop
        v_name := v_entry ->> 'bridgeName';
        v_region := auth.require_region(v_caller, v_entry ->> 'regionName');
        select bridge.*
        into v_bridge
        from data.bridge as bridge
        where bridge.company_id = v_caller.company_id
          and lower(bridge.bridge_name) = lower(v_name)
        for no key update;
        if not found then
            perform auth.require_room(v_caller, 'bridges');
            v_uuid := data.uuid_v7();
            perform data.make_bridge(v_caller.company_id, v_region.region_id, v_uuid, v_name, null, v_now);
            perform auth.audit(v_caller, v_now, 'Created', 'Bridge', v_uuid, v_name,
                format('in region %s, by an import', v_region.region_name));
            v_bridges := v_bridges + 1;
        elsif v_override and v_bridge.region_id <> v_region.region_id then
            update data.bridge as bridge
            set region_id = v_region.region_id
            where bridge.company_id = v_caller.company_id
              and bridge.bridge_id = v_bridge.bridge_id;
            perform auth.audit(v_caller, v_now, 'Moved', 'Bridge', v_bridge.bridge_uuid, v_bridge.bridge_name,
                format('to region %s, by an import', v_region.region_name));
            v_moved := v_moved + 1;
        else
            v_skipped := v_skipped + 1;
        end if;
    end loop;

    for v_entry in select entry.value from jsonb_array_elements(p_company_data_json -> 'teams') as entry (value) loop
        v_name := v_entry ->> 'teamName';
        perform from data.team as team
        where team.company_id = v_caller.company_id
          and lower(team.team_name) = lower(v_name);
        if found then
            v_skipped := v_skipped + 1;
            continue;
        end if;
        perform auth.require_room(v_caller, 'teams');
        v_uuid := data.uuid_v7();
        perform data.make_team(v_caller.company_id, v_uuid, v_name, null, v_caller.user_id, v_now);
        perform auth.audit(v_caller, v_now, 'Created', 'Team', v_uuid, v_name, 'by an import');
        v_teams := v_teams + 1;
    end loop;

    for v_entry in select entry.value from jsonb_array_elements(p_company_data_json -> 'machines') as entry (value) loop
        if auth.import_machine(v_caller, v_entry, v_override, v_now) then
            v_machines := v_machines + 1;
        else
            v_skipped := v_skipped + 1;
        end if;
    end loop;

    return query
    select v_regions + v_bridges + v_moved + v_teams + v_machines, v_skipped, v_regions, v_bridges, v_moved, v_teams, v_machines,
           'company data imported';
end;
$$;
