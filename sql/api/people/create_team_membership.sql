create or replace function api.create_team_membership(
    p_team_name      text,
    p_new_user_email data.email)
returns table (
    added_user_email text,
    team_name        text,
    result           text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Make a user a member of a team.
--
-- Callers: administrators
-- Arguments:
--   teamName      a team of the caller
--   newUserEmail  a user of the company
-- Returns:
--   1: the membership, one row
-- Errors:
--   JB403  the caller is no administrator, or not a member of the team
--   JB404  the company has no such team, or no such user
--   JB409  the user is not active, or a member already
-- Rules:
--   The requesting user must be a member of the specified team; one that has lost all its members every administrator may fill.
--   The new member must have activated his account.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_team   data.team := auth.require_team(v_caller, p_team_name, p_or_empty => auth.is_administrator(v_caller));
    v_user   data.company_user;
begin
    -- Locked: nobody joins a team while he is deactivated.
    select person.*
    into v_user
    from data.company_user as person
    where person.company_id = v_caller.company_id
      and person.email = p_new_user_email
      and person.removed_time is null
    for share;
    if not found then
        raise exception using errcode = 'JB404', message = format('user %s not found', p_new_user_email);
    elsif v_user.activated_time is null or v_user.deactivated_time is not null then
        raise exception using errcode = 'JB409', message = format('user %s is not active', v_user.email);
    end if;

    insert into data.team_member (company_id, team_id, user_id, created_time)
    values (v_caller.company_id, v_team.team_id, v_user.user_id, v_now)
    on conflict do nothing;
    if not found then
        raise exception using errcode = 'JB409',
            message = format('user %s is a member of team %s already', v_user.email, v_team.team_name);
    end if;
    perform auth.audit(v_caller, v_now, 'MemberAdded', 'Team', v_team.team_uuid, v_team.team_name,
        format('user %s added', v_user.email));

    return query
    select v_user.email::text, v_team.team_name::text, format('user %s added to team %s', v_user.email, v_team.team_name);
end;
$$;
