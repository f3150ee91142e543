create or replace function auth.require_target_bridge(p_user data.company_user, p_bridge_name text)
returns bigint
language plpgsql stable set search_path = ''
as $$
-- The bridge for which a user may open a session: any for an administrator, for others one that serves a machine of a team of
-- theirs.
--
-- Returns:
--   its bridge_id
-- Errors:
--   JB403  the user has nothing to do with it
--   JB404  the company has no such bridge
declare
    v_caller auth.caller;
    v_bridge data.bridge;
begin
    v_caller.company_id := p_user.company_id;
    v_bridge := auth.require_bridge(v_caller, p_bridge_name);
    if (p_user.permission_group = 'Administrators' and p_user.group_id is null) or exists (
        select from data.machine as machine
        join data.team_member as member
            on member.company_id = machine.company_id and member.team_id = machine.team_id and member.user_id = p_user.user_id
        where machine.company_id = p_user.company_id
          and machine.bridge_id = v_bridge.bridge_id) then
        return v_bridge.bridge_id;
    end if;
    raise exception using errcode = 'JB403', message = format(
        'bridge %s serves no machine of a team of yours', v_bridge.bridge_name);
end;
$$;
