create or replace function api.create_team(
    p_team_name  data.entity_name,
    p_team_vault data.vault default null)
returns table (name text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Make a team.
--
-- Callers: administrators
-- Seals: teamVault team new_team
-- Arguments:
--   teamName   its name
--   teamVault  JSON text that its members may read
-- Returns:
--   1: the team's name, one row
-- Errors:
--   JB402  the company has as many teams as its plan allows
--   JB403  the caller is no administrator
--   JB409  the company has a team of that name
--   JB421  the vault was sealed for something else
-- Rules:
--   Team names are unique in a company, whatever their case.
--   Who makes a team is its first member.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_kept   record;
begin
    perform auth.require_room(v_caller, 'teams');
    v_kept := auth.keep_new_vault(v_caller, p_team_vault, 'team', v_now);
    perform data.make_team(
        v_caller.company_id, v_kept.entity_uuid, p_team_name, v_kept.vault_record_id, v_caller.user_id, v_now);
    perform auth.audit(v_caller, v_now, 'Created', 'Team', v_kept.entity_uuid, p_team_name);

    return query
    select p_team_name::text;
end;
$$;
