create or replace function api.update_team_vault(
    p_team_name     text,
    p_team_vault    data.vault,
    p_vault_version integer)
returns table (
    team_name     text,
    vault_version integer,
    result        text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Write the vault of a team anew.
--
-- Callers: administrators
-- Seals: teamVault team team
-- Arguments:
--   teamName      a team of the caller
--   teamVault     JSON text that its members may read
--   vaultVersion  the version that was read; the first is 1
-- Returns:
--   1: the team with its vault's new version, one row
-- Errors:
--   JB403  the caller is no administrator, or not a member of the team
--   JB404  the company has no such team
--   JB409  vaultVersion is not the current one: somebody else has written since
--   JB421  the vault was sealed for something else
-- Rules:
--   The requesting user must be a member of the specified team.
--   Each write makes the version one higher.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_team   data.team := auth.lock_team(v_caller, p_team_name);
begin
    return query
    select v_team.team_name::text,
           auth.write_entity_vault(
               v_caller, 'team', v_team.team_uuid, v_team.team_name, p_team_vault, p_vault_version, v_now),
           'vault updated';
end;
$$;
