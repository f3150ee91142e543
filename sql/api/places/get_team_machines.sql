create or replace function api.get_team_machines(p_team_name data.name_list default null)
returns table (
    machine_name        text,
    vault_version       integer,
    vault_content       data.vault,
    bridge_name         text,
    region_name         text,
    team_name           text,
    queue_count         bigint,
    machine_guid        uuid,
    machine_status      text,
    machine_status_time timestamptz,
    assignment_status   text)
language plpgsql volatile security definer set search_path = ''
as $$
-- List the machines of teams.
--
-- Callers: users
-- Arguments:
--   teamName  teams of the caller, separated by commas; left out: all of them
-- Returns:
--   1: the machines by team and name; queueCount is of items that are not finished; machineStatus as UpdateMachineStatus
--      last said it; assignmentStatus is AVAILABLE, or BUSY while agents have items of it in hand
-- Errors:
--   JB403  a team named is not the caller's
-- Rules:
--   Teams that the company does not have are ignored.
#variable_conflict use_column
declare
    v_caller   auth.caller := auth.enter_call();
    v_team_ids bigint[] := auth.named_teams(v_caller, p_team_name);
begin
    return query
    select machine.machine_name::text, coalesce(stored.version, 1), data.vault_of(stored), bridge.bridge_name::text,
           region.region_name::text, team.team_name::text,
           items.waiting + items.in_hand, machine.machine_uuid, machine.machine_status::text, machine.machine_status_time,
           case when items.in_hand > 0 then 'BUSY' else 'AVAILABLE' end
    from data.team as team
    join data.machine as machine on machine.company_id = team.company_id and machine.team_id = team.team_id
    join data.bridge as bridge on bridge.company_id = machine.company_id and bridge.bridge_id = machine.bridge_id
    join data.region as region on region.company_id = bridge.company_id and region.region_id = bridge.region_id
    cross join lateral queue.unfinished_items(machine.company_id, machine.machine_id) as items
    left join data.vault_record as stored
        on stored.company_id = machine.company_id and stored.vault_record_id = machine.vault_record_id
    where team.company_id = v_caller.company_id
      and team.team_id = any(v_team_ids)
    order by lower(team.team_name), lower(machine.machine_name);
end;
$$;
