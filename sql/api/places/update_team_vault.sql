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
    v_caller  auth.caller := auth.enter_call();
    v_now     timestamptz := data.clock();
    v_team    data.team := auth.lock_team(v_caller, p_team_name);
    v_written record;
begin
    v_written := auth.replace_entity_vault(
        v_caller, p_team_vault, 'team', v_team.team_name, v_team.team_uuid, p_vault_version, v_now,
        v_team.vault_record_id);
    update data.team as team
    set vault_record_id = v_written.vault_record_id
    where team.company_id = v_caller.company_id
      and team.team_id = v_team.team_id;
    perform auth.audit(v_caller, v_now, 'VaultUpdated', 'Team', v_team.team_uuid, v_team.team_name,
        format('vault version %s', v_written.vault_version));

    return query
    select v_team.team_name::text, v_written.vault_version, 'vault updated';
end;
$$;
