create or replace function api.delete_user_from_team(
    p_team_name         text,
    p_remove_user_email data.email)
returns table (
    user_email text,
    team_name  text,
    result     text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Take a user out of a team.
--
-- Callers: administrators
-- Arguments:
--   teamName         a team of the caller
--   removeUserEmail  one of its members; the caller may leave too
-- Returns:
--   1: the user and the team that he has left, one row
-- Errors:
--   JB403  the user is an administrator, and the caller is none; or the caller is not a member of the team
--   JB404  the company has no such team or no such user, or the user is not a member of the team
--   JB409  the user is the last member
-- Rules:
--   The requesting user must be a member of the specified team.
--   Who leaves loses at once what membership gives; what he made in the team stays.
--   The last member cannot leave: what only members may do with a team, nobody could do any more, deleting it included.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_team   data.team := auth.require_team(v_caller, p_team_name);
    v_user   data.company_user := auth.require_user(v_caller, p_remove_user_email);
begin
    -- Locked: of two members who leave at once, one stays.
    perform from data.team as team
    where team.company_id = v_caller.company_id
      and team.team_id = v_team.team_id
    for no key update;

    delete from data.team_member as member
    where member.company_id = v_caller.company_id
      and member.team_id = v_team.team_id
      and member.user_id = v_user.user_id;
    if not found then
        raise exception using errcode = 'JB404',
            message = format('user %s is not a member of team %s', v_user.email, v_team.team_name);
    end if;

    perform from data.team_member as member
    where member.company_id = v_caller.company_id
      and member.team_id = v_team.team_id;
    if not found then
        raise exception using errcode = 'JB409', message = format(
            'user %s is the last member of team %s: add another one first, or delete the team', v_user.email, v_team.team_name);
    end if;
    perform auth.audit(v_caller, v_now, 'MemberRemoved', 'Team', v_team.team_uuid, v_team.team_name,
        format('user %s removed', v_user.email));

    return query
    select v_user.email::text, v_team.team_name::text,
           format('user %s removed from team %s', v_user.email, v_team.team_name);
end;
$$;
