create or replace function auth.audit(
    p_caller      auth.caller,
    p_time        timestamptz,
    p_action      text,
    p_entity      text,
    p_entity_uuid uuid,
    p_entity_name text,
    p_details     text default null,
    p_status      integer default 0)
returns void
language plpgsql volatile set search_path = ''
as $$
-- Keep that somebody changed something, in the transaction of the change.
--
-- Arguments:
--   action   what was done: Created, Updated, Renamed, Deleted, ...
--   entity   to what kind of thing: Company, User, Team, Region, Bridge, Machine, PermissionGroup, Session, AgentToken, ...
--   details  one sentence with names and numbers; never a vault, never a token
--   status   0, or the HTTP status with which the call is refused
declare
    v_origin auth.request_origin := auth.origin();
begin
    insert into data.audit (
        company_id, audit_time, transaction_id, user_id, actor, procedure_name, status, action, entity, entity_uuid,
        entity_name, details, request_id, address)
    values (
        p_caller.company_id, p_time, pg_current_xact_id(), p_caller.user_id, p_caller.actor, p_caller.procedure_name, p_status,
        p_action, p_entity, p_entity_uuid, p_entity_name, p_details, v_origin.request_id, v_origin.address);
end;
$$;
