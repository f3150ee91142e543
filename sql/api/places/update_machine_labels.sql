create or replace function api.update_machine_labels(
    p_team_name    text,
    p_machine_name text,
    p_labels       jsonb default null)
returns table (
    machine_name text,
    labels       jsonb,
    wake         data.wake)
language plpgsql volatile security definer set search_path = ''
as $$
-- Say what a machine has, whatever its agent said.
--
-- Callers: users
-- Arguments:
--   teamName     a team of the caller
--   machineName  a machine of that team
--   labels       at most 20 short texts, as {"os": "linux"}; left out: its agent's word holds again
-- Returns:
--   1: the machine, one row, with the labels that it has from now on
-- Errors:
--   JB400  labels are no object of short texts
--   JB403  the team is not the caller's
--   JB404  the company has no such team, or the team no such machine
-- Rules:
--   The requesting user must be a member of the specified team.
--   An item of a pool goes to machines that have all its labels.
#variable_conflict use_column
declare
    v_caller  auth.caller := auth.enter_call();
    v_now     timestamptz := data.clock();
    v_machine data.machine := auth.lock_machine(v_caller, p_machine_name, p_team_name);
begin
    if p_labels is not null then
        perform queue.require_labels(p_labels);
    end if;

    update data.machine as machine
    set team_labels = p_labels
    where machine.company_id = v_caller.company_id
      and machine.machine_id = v_machine.machine_id;
    perform auth.audit(v_caller, v_now, 'LabelsUpdated', 'Machine', v_machine.machine_uuid, v_machine.machine_name,
        coalesce(left(p_labels::text, 900), 'as its agent says'));

    return query
    select v_machine.machine_name::text, coalesce(p_labels, v_machine.agent_labels, '{}')::jsonb,
           queue.wake_machine(v_machine);
end;
$$;
