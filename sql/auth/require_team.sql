create or replace function auth.require_team(p_caller auth.caller, p_team_name text, p_or_empty boolean default false)
returns data.team
language plpgsql stable set search_path = ''
as $$
-- The team of that name, if the caller is a member.
--
-- Arguments:
--   or_empty  a team that has lost all its members will do as well: somebody must be able to enter it again
-- Errors:
--   JB403  it is not the caller's team
--   JB404  the company has no such team
declare
    v_team data.team;
begin
    select team.*
    into v_team
    from data.team as team
    where team.company_id = p_caller.company_id
      and lower(team.team_name) = lower(p_team_name);
    if not found then
        raise exception using errcode = 'JB404', message = format('team %s not found', left(p_team_name, 100));
    end if;

    perform from data.team_member as member
    where member.company_id = p_caller.company_id
      and member.team_id = v_team.team_id
      and member.user_id = p_caller.user_id;
    if not found and not (p_or_empty and not exists (
        select from data.team_member as member
        where member.company_id = p_caller.company_id
          and member.team_id = v_team.team_id)) then
        raise exception using errcode = 'JB403', message = format('you are not a member of team %s', v_team.team_name);
    end if;
    return v_team;
end;
$$;
