create or replace function auth.shown_teams(p_caller auth.caller)
returns bigint[]
language sql stable set search_path = ''
as $$
-- The teams into which overviews may look for a caller: his own; all of the company for its administrators.
select array(
    select team.team_id
    from data.team as team
    where team.company_id = p_caller.company_id
      and (p_caller.permission_group = 'Administrators' and p_caller.permissions is null
           or exists (
               select from data.team_member as member
               where member.company_id = p_caller.company_id
                 and member.team_id = team.team_id
                 and member.user_id = p_caller.user_id)));
$$;
