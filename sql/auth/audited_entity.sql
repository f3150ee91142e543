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
    -- Each kind's branch is skipped whole when another kind is asked for.
    select living.entity_type, living.entity_uuid, living.entity_name
    into entity, entity_uuid, entity_name
    from (
        select kept.entity_type, kept.entity_uuid, kept.entity_name
        from auth.entities_of(p_caller.company_id) as kept
        union all
        select 'PermissionGroup', listed.group_uuid, listed.group_name::text
        from data.rights_group as listed
        where listed.company_id = p_caller.company_id) as living
    where lower(living.entity_type) = v_kind
      and (living.entity_uuid = v_uuid or lower(living.entity_name) = v_name)
    limit 1;
    if found then
        return;
    end if;

    if v_uuid is not null then
        select kept.entity, kept.entity_uuid, kept.entity_name
        into entity, entity_uuid, entity_name
        from (
            select latest.*
            from data.audit as latest
            where latest.company_id = p_caller.company_id
              and latest.entity_uuid = v_uuid
            order by latest.audit_time desc, latest.audit_id desc
            limit 1) as kept
        where lower(kept.entity) = v_kind;
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
