create or replace function api.get_own_team(p_team_name text default null)
returns table (team_name text)
language plpgsql volatile security definer set search_path = ''
as $$
-- The team that is meant by who names none.
--
-- Callers: users
-- Arguments:
--   teamName  a team of the caller; left out: his only one, else the Private Team of his company
-- Returns:
--   1: the team, one row
-- Errors:
--   JB400  no team is named, and the caller is a member of none, or of several without the Private Team
--   JB403  the team named is not the caller's
--   JB404  the company has no such team
-- Rules:
--   Never a guess between two teams: the error names them.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_team   data.team;
    v_names  text[];
    v_own    text;
begin
    if p_team_name is not null then
        v_team := auth.require_team(v_caller, p_team_name);
        return query select v_team.team_name::text;
        return;
    end if;

    select array_agg(team.team_name::text order by lower(team.team_name)), min(team.team_name) filter (where team.is_built_in)
    into v_names, v_own
    from data.team_member as member
    join data.team as team on team.company_id = member.company_id and team.team_id = member.team_id
    where member.company_id = v_caller.company_id
      and member.user_id = v_caller.user_id;
    if cardinality(v_names) > 1 and v_own is null then
        raise exception using errcode = 'JB400', message = format(
            'name a team: you are a member of %s', left(array_to_string(v_names, ', '), 200));
    elsif v_names is null then
        raise exception using errcode = 'JB400', message = 'you are a member of no team';
    end if;
    return query select coalesce(case when cardinality(v_names) = 1 then v_names[1] end, v_own);
end;
$$;
