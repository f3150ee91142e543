create or replace function api.update_machine_queues(
    p_team_name    text,
    p_machine_name text,
    p_queues       data.entity_name[] default null)
returns table (
    machine_name text,
    queues       text[],
    wake         data.wake)
language plpgsql volatile security definer set search_path = ''
as $$
-- Say which queues' pools a machine serves, whatever its agent said.
--
-- Callers: users
-- Arguments:
--   teamName     a team of the caller
--   machineName  a machine of that team
--   queues       names of queues, 100 at most, also of queues that do not exist yet; none: it serves no pool; left out: its agent's
--                word holds again
-- Returns:
--   1: the machine, one row, with the queues that it serves from now on; null: every queue of the team
-- Errors:
--   JB400  there are too many names
--   JB403  the team is not the caller's
--   JB404  the company has no such team, or the team no such machine
-- Rules:
--   The requesting user must be a member of the specified team.
--   It gets its own items whatever their queue is.
#variable_conflict use_column
declare
    v_caller  auth.caller := auth.enter_call();
    v_now     timestamptz := data.clock();
    v_queues  text[] := queue.require_queue_names(p_queues::text[]);
    v_machine data.machine := auth.lock_machine(v_caller, p_machine_name, p_team_name);
begin
    update data.machine as machine
    set team_queues = v_queues
    where machine.company_id = v_caller.company_id
      and machine.machine_id = v_machine.machine_id;
    perform auth.audit(v_caller, v_now, 'QueuesUpdated', 'Machine', v_machine.machine_uuid, v_machine.machine_name,
        coalesce(left(array_to_string(v_queues, ', '), 900), 'as its agent says'));

    return query
    select v_machine.machine_name::text, coalesce(v_queues, v_machine.agent_queues), queue.wake_machine(v_machine);
end;
$$;
