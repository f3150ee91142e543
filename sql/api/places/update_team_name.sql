create or replace function api.update_team_name(
    p_current_team_name text,
    p_new_team_name     data.entity_name)
returns table (
    team_name    text,
    company_name text,
    member_count bigint)
language plpgsql volatile security definer set search_path = ''
as $$
-- Give a team another name.
--
-- Callers: administrators
-- Arguments:
--   currentTeamName  a team of the caller
--   newTeamName      its name from now on
-- Returns:
--   1: the team, one row
-- Errors:
--   JB403  the caller is no administrator, or not a member of the team
--   JB404  the company has no such team
--   JB409  the company has another team of the new name
-- Rules:
--   The requesting user must be a member of the specified team.
--   Team names are unique in a company, whatever their case; a name can be changed in its case alone.
--   The team that was made with the company stays protected under its new name.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_team   data.team := auth.lock_team(v_caller, p_current_team_name);
begin
    perform auth.rename_entity(v_caller, 'team', v_team.team_uuid, v_team.team_name, p_new_team_name, v_now);

    return query
    select p_new_team_name::text, company.company_name::text,
           (select count(*)
            from data.team_member as member
            where member.company_id = v_caller.company_id
              and member.team_id = v_team.team_id)
    from data.company as company
    where company.company_id = v_caller.company_id;
end;
$$;
