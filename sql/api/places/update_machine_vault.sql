create or replace function api.update_machine_vault(
    p_team_name     text,
    p_machine_name  text,
    p_machine_vault data.vault,
    p_vault_version integer)
returns table (
    machine_name  text,
    vault_version integer,
    result        text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Write the vault of a machine anew.
--
-- Callers: administrators
-- Seals: machineVault machine machine
-- Arguments:
--   teamName      a team of the caller
--   machineName   a machine of that team
--   machineVault  JSON text that the team's members may read
--   vaultVersion  the version that was read; the first is 1
-- Returns:
--   1: the machine with its vault's new version, one row
-- Errors:
--   JB403  the caller is no administrator, or not a member of the team
--   JB404  the company has no such team, or the team no such machine
--   JB409  vaultVersion is not the current one: somebody else has written since
--   JB421  the vault was sealed for something else
-- Rules:
--   The requesting user must be a member of the specified team.
--   Each write makes the version one higher.
#variable_conflict use_column
declare
    v_caller  auth.caller := auth.enter_call();
    v_now     timestamptz := data.clock();
    v_machine data.machine := auth.lock_machine(v_caller, p_machine_name, p_team_name);
begin
    return query
    select v_machine.machine_name::text,
           auth.write_entity_vault(
               v_caller, 'machine', v_machine.machine_uuid, v_machine.machine_name, p_machine_vault, p_vault_version, v_now),
           'vault updated';
end;
$$;
