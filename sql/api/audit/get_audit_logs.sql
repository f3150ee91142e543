create or replace function api.get_audit_logs(
    p_start_date    timestamptz default null,
    p_end_date      timestamptz default null,
    p_entity_filter text default null,
    p_max_records   integer default 1000)
returns table (
    entity         text,
    entity_name    text,
    action         text,
    details        text,
    action_by_user text,
    "timestamp"    timestamptz,
    status         integer,
    procedure_name text,
    request_id     text,
    address        text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Who did what in the company, and what was refused to whom.
--
-- Callers: administrators
-- Arguments:
--   startDate     then or later; default: 30 days before endDate
--   endDate       then or earlier; midnight stands for the whole day that begins with it. Default: now
--   entityFilter  only of this kind: Company, User, Team, Region, Bridge, Machine, PermissionGroup, Session, AgentToken, Procedure
--   maxRecords    1 to 10000, default 1000
-- Returns:
--   1: the newest first; status is 0 for what was done, else the status with which it was refused
-- Errors:
--   JB400  startDate is after endDate, or maxRecords is out of range
--   JB403  the caller may not read the audit
-- Rules:
--   A row has the name that its thing had then; the row of a renaming has both names.
--   The plan says how many days are shown: 7, 90, 180 or 365.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_end    timestamptz := coalesce(
        p_end_date + case when (p_end_date at time zone 'UTC')::time = '00:00' then interval '1 day - 1 microsecond' else '0' end,
        v_now);
    v_start  timestamptz := coalesce(p_start_date, v_end - interval '30 days');
begin
    if p_max_records not between 1 and 10000 then
        raise exception using errcode = 'JB400', message = format('maxRecords is %s: 1 to 10,000 are possible', p_max_records);
    elsif v_start > v_end then
        raise exception using errcode = 'JB400', message = 'startDate is after endDate';
    end if;
    v_start := greatest(v_start, auth.audit_since(v_caller, v_now));

    -- With and without a filter, each along its own index.
    if p_entity_filter is null then
        return query
        select kept.entity, kept.entity_name, kept.action, kept.details, kept.actor, kept.audit_time, kept.status,
               kept.procedure_name, kept.request_id, kept.address
        from data.audit as kept
        where kept.company_id = v_caller.company_id
          and kept.audit_time between v_start and v_end
        order by kept.audit_time desc, kept.audit_id desc
        limit p_max_records;
        return;
    end if;

    return query
    select kept.entity, kept.entity_name, kept.action, kept.details, kept.actor, kept.audit_time, kept.status,
           kept.procedure_name, kept.request_id, kept.address
    from data.audit as kept
    where kept.company_id = v_caller.company_id
      and lower(kept.entity) = lower(p_entity_filter)
      and kept.audit_time between v_start and v_end
    order by kept.audit_time desc, kept.audit_id desc
    limit p_max_records;
end;
$$;
