create or replace function api.drain_machine(
    p_team_name    text,
    p_machine_name text,
    p_stop         boolean default false,
    p_reason       data.note default null)
returns table (
    machine_name  text,
    drain_time    timestamptz,
    drained_by    text,
    stop          boolean,
    in_hand_count bigint,
    wake          data.wake)
language plpgsql volatile security definer set search_path = ''
as $$
-- Let a machine finish what it has in hand and give it no more work.
--
-- Callers: users
-- Arguments:
--   teamName     a team of the caller
--   machineName  a machine of that team
--   stop         true: its agent ends as soon as nothing is in hand
--   reason       why, kept for audit
-- Returns:
--   1: the machine, one row; inHandCount: how many items its agent still has
-- Errors:
--   JB403  the team is not the caller's
--   JB404  the company has no such team, or the team no such machine
-- Rules:
--   The requesting user must be a member of the specified team.
--   It answers only when no more work can reach the machine: claims that are under way have ended, and are counted. ResumeMachine
--   ends the drain.
--   The agent of a bridge stops when all its machines are to stop.
#variable_conflict use_column
declare
    v_caller  auth.caller := auth.enter_call();
    v_now     timestamptz := data.clock();
    v_machine data.machine;
begin
    perform queue.close_gate(v_caller.company_id);
    v_machine := auth.lock_machine(v_caller, p_machine_name, p_team_name);

    if v_machine.drain_time is null or (v_machine.stop_time is not null) <> p_stop then
        update data.machine as machine
        set drain_time = coalesce(machine.drain_time, v_now),
            drained_by = coalesce(machine.drained_by, v_caller.actor),
            stop_time = case when p_stop then v_now end
        where machine.company_id = v_caller.company_id
          and machine.machine_id = v_machine.machine_id
        returning machine.* into v_machine;
        perform auth.audit(v_caller, v_now, 'Drained', 'Machine', v_machine.machine_uuid, v_machine.machine_name,
            concat_ws(': ', case when p_stop then 'its agent is to stop' else 'its agent stays' end, p_reason));
    end if;

    return query
    select v_machine.machine_name::text, v_machine.drain_time, v_machine.drained_by, p_stop, items.in_hand,
           queue.wake_machine(v_machine)
    from queue.unfinished_items(v_caller.company_id, v_machine.machine_id) as items;
end;
$$;
