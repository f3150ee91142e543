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
    assignment_status   text,
    agent_version       text,
    slots               integer,
    labels              jsonb,
    queues              text[],
    paused              boolean,
    draining            boolean,
    last_contact        timestamptz,
    last_claim          timestamptz,
    health              data.machine_health)
language plpgsql volatile security definer set search_path = ''
as $$
-- List the machines of teams.
--
-- Callers: users
-- Arguments:
--   teamName  teams of the caller, separated by commas; left out: all of them
-- Returns:
--   1: the machines by team and name; queueCount is of items that are not finished; machineStatus as UpdateMachineStatus
--      last said it; assignmentStatus is AVAILABLE, or BUSY while agents have items of it in hand. agentVersion and slots as its
--      agent said, labels and queues (null: all of the team) as its agent or the team said; lastContact and lastClaim (when an
--      agent last asked for work) are exact to a minute
-- Errors:
--   JB403  a team named is not the caller's
-- Rules:
--   Teams that the company does not have are ignored.
--   health is DRAINING or PAUSED as somebody wanted it; NEVER_SEEN, or OFFLINE when no agent was heard of for three minutes; DEAF
--   when its agent is heard of, has a free slot and has not asked for work for three minutes; else ONLINE.
#variable_conflict use_column
declare
    v_caller   auth.caller := auth.enter_call();
    v_now      timestamptz := data.clock();
    v_team_ids bigint[] := auth.named_teams(v_caller, p_team_name);
begin
    return query
    select machine.machine_name::text, coalesce(stored.version, 1), data.vault_of(stored), bridge.bridge_name::text,
           region.region_name::text, team.team_name::text,
           items.waiting + items.in_hand, machine.machine_uuid, machine.machine_status::text, machine.machine_status_time,
           case when items.in_hand > 0 then 'BUSY' else 'AVAILABLE' end, machine.agent_version, machine.agent_slots,
           coalesce(machine.team_labels, machine.agent_labels, '{}')::jsonb,
           coalesce(machine.team_queues, machine.agent_queues), machine.paused_time is not null,
           machine.drain_time is not null, signs.last_contact, signs.last_claim, signs.health
    from data.team as team
    join data.machine as machine on machine.company_id = team.company_id and machine.team_id = team.team_id
    join data.bridge as bridge on bridge.company_id = machine.company_id and bridge.bridge_id = machine.bridge_id
    join data.region as region on region.company_id = bridge.company_id and region.region_id = bridge.region_id
    cross join lateral queue.unfinished_items(machine.company_id, machine.machine_id) as items
    cross join lateral queue.signs_of(machine, v_now) as signs
    left join data.vault_record as stored
        on stored.company_id = machine.company_id and stored.vault_record_id = machine.vault_record_id
    where team.company_id = v_caller.company_id
      and team.team_id = any(v_team_ids)
    order by lower(team.team_name), lower(machine.machine_name);
end;
$$;
