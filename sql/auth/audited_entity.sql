create or replace function auth.audited_entity(
    p_caller        auth.caller,
    p_entity        text,
    p_identifier    text,
    out entity      text,
    out entity_uuid uuid,
    out entity_name text)
language plpgsql stable set search_path = ''
as $$
-- The thing whose history is asked for: one that there is, by its name or uuid, else one of which the audit still knows.
--
-- Arguments:
--   entity      Company, User, Team, Region, Bridge, Machine, PermissionGroup, Session, AgentToken, ..., whatever its case
--   identifier  its uuid, its name now, or the last name that it had
-- Errors:
--   JB404  the company has and had no such thing
declare
    v_kind text := lower(p_entity);
    v_name text := lower(p_identifier);
    v_uuid uuid := case when p_identifier ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$' then p_identifier end;
begin
    select living.kind, living.uuid, living.name
    into entity, entity_uuid, entity_name
    from (
        select 'Company', company.company_uuid, company.company_name::text
        from data.company as company
        where company.company_id = p_caller.company_id
        union all
        select 'User', person.user_uuid, person.email::text
        from data.company_user as person
        where person.company_id = p_caller.company_id and v_kind = 'user'
        union all
        select 'Team', team.team_uuid, team.team_name::text
        from data.team as team
        where team.company_id = p_caller.company_id and v_kind = 'team'
        union all
        select 'Region', region.region_uuid, region.region_name::text
        from data.region as region
        where region.company_id = p_caller.company_id and v_kind = 'region'
        union all
        select 'Bridge', bridge.bridge_uuid, bridge.bridge_name::text
        from data.bridge as bridge
        where bridge.company_id = p_caller.company_id and v_kind = 'bridge'
        union all
        select 'Machine', machine.machine_uuid, machine.machine_name::text
        from data.machine as machine
        where machine.company_id = p_caller.company_id and v_kind = 'machine' and machine.removed_time is null
        union all
        select 'PermissionGroup', listed.group_uuid, listed.group_name::text
        from data.rights_group as listed
        where listed.company_id = p_caller.company_id and v_kind = 'permissiongroup') as living (kind, uuid, name)
    where lower(living.kind) = v_kind
      and (living.uuid = v_uuid or lower(living.name) = v_name)
    limit 1;
    if found then
        return;
    end if;

    if v_uuid is not null then
        select kept.entity, kept.entity_uuid, kept.entity_name
        into entity, entity_uuid, entity_name
        from data.audit as kept
        where kept.company_id = p_caller.company_id
          and kept.entity_uuid = v_uuid
          and lower(kept.entity) = v_kind
        order by kept.audit_id desc
        limit 1;
    else
        select kept.entity, kept.entity_uuid, kept.entity_name
        into entity, entity_uuid, entity_name
        from data.audit as kept
        where kept.company_id = p_caller.company_id
          and lower(kept.entity) = v_kind
          and lower(kept.entity_name) = v_name
          and kept.entity_uuid is not null
        order by kept.audit_id desc
        limit 1;
    end if;
    if entity_uuid is null then
        raise exception using errcode = 'JB404', message = format('%s %s not found', left(v_kind, 100), left(p_identifier, 100));
    end if;
end;
$$;
