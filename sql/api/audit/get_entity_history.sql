create or replace function api.get_entity_history(
    p_entity      text,
    p_credential  uuid,
    p_max_records integer default 1000)
returns table (
    audit_id       bigint,
    entity         text,
    entity_id      uuid,
    entity_name    text,
    action         text,
    details        text,
    action_by_user text,
    "timestamp"    timestamptz,
    status         integer,
    procedure_name text)
language plpgsql volatile security definer set search_path = ''
as $$
-- What happened to one thing, by its uuid.
--
-- Callers: administrators
-- Arguments:
--   entity      its kind: Company, User, Team, Region, Bridge, Machine, PermissionGroup, Session or AgentToken
--   credential  its uuid
--   maxRecords  1 to 10000, default 1000
-- Returns:
--   1: the newest first, with the names that it had
-- Errors:
--   JB400  maxRecords is out of range
--   JB403  the caller may not read the audit
--   JB404  the company has and had no such thing
-- Rules:
--   The plan says how many days are shown: 7, 90, 180 or 365.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_since  timestamptz := auth.audit_since(v_caller, data.clock());
    v_about  record;
begin
    if p_max_records not between 1 and 10000 then
        raise exception using errcode = 'JB400', message = format('maxRecords is %s: 1 to 10,000 are possible', p_max_records);
    end if;
    v_about := auth.audited_entity(v_caller, p_entity, p_credential::text);

    return query
    select kept.audit_id, kept.entity, kept.entity_uuid, kept.entity_name, kept.action, kept.details, kept.actor,
           kept.audit_time, kept.status, kept.procedure_name
    from data.audit as kept
    where kept.company_id = v_caller.company_id
      and kept.entity_uuid = v_about.entity_uuid
      and kept.audit_time >= v_since
    order by kept.audit_time desc, kept.audit_id desc
    limit p_max_records;
end;
$$;
