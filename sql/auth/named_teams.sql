create or replace function auth.named_teams(p_caller auth.caller, p_team_name text)
returns bigint[]
language plpgsql stable set search_path = ''
as $$
-- The teams of a comma-separated list, or all the caller's when it names none.
--
-- Errors:
--   JB403  a team named is not the caller's
-- Rules:
--   A name of a team that the company does not have is ignored.
declare
    v_names    text[] := data.names_of(p_team_name);
    v_team_ids bigint[];
    v_other    text;
begin
    select array_agg(team.team_id) filter (where member.user_id is not null),
           min(team.team_name) filter (where member.user_id is null)
    into v_team_ids, v_other
    from data.team as team
    left join data.team_member as member
        on member.company_id = team.company_id and member.team_id = team.team_id and member.user_id = p_caller.user_id
    where team.company_id = p_caller.company_id
      and (lower(team.team_name) = any(v_names) or v_names is null and member.user_id is not null);
    if v_other is not null then
        raise exception using errcode = 'JB403', message = format('you are not a member of team %s', v_other);
    end if;
    return coalesce(v_team_ids, '{}');
end;
$$;
