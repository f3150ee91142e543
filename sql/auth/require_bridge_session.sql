create or replace function auth.require_bridge_session(p_caller auth.caller)
returns void
language plpgsql stable set search_path = ''
as $$
-- Refuse everybody but agents and sessions that were made for a bridge.
--
-- Errors:
--   JB403  the caller is a user who speaks for no bridge
begin
    if p_caller.user_id is not null and p_caller.target_bridge_id is null then
        raise exception using errcode = 'JB403', message = format(
            '%s may not call %s: an agent''s token or a session made for a bridge is needed', p_caller.actor, p_caller.procedure_name);
    end if;
end;
$$;
