create or replace function auth.lock_team(p_caller auth.caller, p_team_name text)
returns data.team
language plpgsql volatile set search_path = ''
as $$
-- The team of that name as auth.require_team finds it, locked: nothing can be made in it, and nobody else changes it.
--
-- Errors:
--   JB403, JB404  as auth.require_team
declare
    v_team data.team := auth.require_team(p_caller, p_team_name);
begin
    select team.*
    into v_team
    from data.team as team
    where team.company_id = p_caller.company_id
      and team.team_id = v_team.team_id
    for update;
    if not found then
        raise exception using errcode = 'JB404', message = format('team %s not found', left(p_team_name, 100));
    end if;
    return v_team;
end;
$$;
