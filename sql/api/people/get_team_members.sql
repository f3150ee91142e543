create or replace function api.get_team_members(p_team_name data.name_list default null)
returns table (
    user_email   text,
    activated    boolean,
    teams        text,
    company_name text,
    is_member    boolean,
    has_access   boolean)
language plpgsql volatile security definer set search_path = ''
as $$
-- List the members of teams.
--
-- Callers: users
-- Arguments:
--   teamName  names, separated by commas; left out: every team of the caller
-- Returns:
--   1: the users by e-mail, each once; teams are those of the teams asked for that he is in, separated by commas; isMember is
--      always true, since others are not listed; hasAccess is false while he is deactivated
-- Errors:
--   JB403  a team named is not the caller's
-- Rules:
--   A name of a team that the company does not have is ignored.
#variable_conflict use_column
declare
    v_caller   auth.caller := auth.enter_call();
    v_team_ids bigint[] := auth.named_teams(v_caller, p_team_name);
begin
    return query
    select person.email::text, person.activated_time is not null and person.deactivated_time is null,
           string_agg(team.team_name, ',' order by lower(team.team_name)), company.company_name::text, true,
           person.activated_time is not null and person.deactivated_time is null
    from unnest(v_team_ids) as asked (team_id)
    join data.team as team on team.company_id = v_caller.company_id and team.team_id = asked.team_id
    join data.team_member as member on member.company_id = team.company_id and member.team_id = team.team_id
    join data.company_user as person on person.company_id = member.company_id and person.user_id = member.user_id
    join data.company as company on company.company_id = person.company_id
    group by person.company_id, person.user_id, company.company_id
    order by person.email;
end;
$$;
