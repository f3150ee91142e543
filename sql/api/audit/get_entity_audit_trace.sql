create or replace function api.get_entity_audit_trace(
    p_entity_type       text,
    p_entity_identifier text,
    out steps           data.audit_step[],
    out summaries       data.audit_summary[])
language plpgsql volatile security definer set search_path = ''
as $$
-- What happened to one thing, by its name or uuid, told for people.
--
-- Callers: administrators
-- Arguments:
--   entityType        its kind: Company, User, Team, Region, Bridge, Machine, PermissionGroup, Session or AgentToken
--   entityIdentifier  its uuid, its name now, or the last name that it had
-- Returns:
--   1: what was done, the newest first, 1,000 at most
--   2: one row; recordCount counts the rows of table 1, firstTime is that of the oldest step that the plan shows
-- Errors:
--   JB403  the caller may not read the audit
--   JB404  the company has and had no such thing
-- Rules:
--   The plan says how many days are shown: 7, 90, 180 or 365.
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_since  timestamptz := auth.audit_since(v_caller, v_now);
    v_about  record := auth.audited_entity(v_caller, p_entity_type, p_entity_identifier);
    v_first  timestamptz;
begin
    select coalesce(array_agg(data.audit_step_of(shown, v_now) order by shown.audit_time desc, shown.audit_id desc), '{}')
    into steps
    from (
        select kept.*
        from data.audit as kept
        where kept.company_id = v_caller.company_id
          and kept.entity_uuid = v_about.entity_uuid
          and kept.audit_time >= v_since
        order by kept.audit_time desc, kept.audit_id desc
        limit 1000) as shown;

    select kept.audit_time
    into v_first
    from data.audit as kept
    where kept.company_id = v_caller.company_id
      and kept.entity_uuid = v_about.entity_uuid
      and kept.audit_time >= v_since
    order by kept.audit_time, kept.audit_id
    limit 1;

    summaries := array[row(
        v_about.entity, v_about.entity_name, v_about.entity_uuid, cardinality(steps), v_first, (steps[1])."timestamp",
        (steps[1]).action, (steps[1]).performed_by)::data.audit_summary];
end;
$$;
