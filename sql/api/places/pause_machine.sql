create or replace function api.pause_machine(
    p_team_name    text,
    p_machine_name text,
    p_reason       data.note default null)
returns table (
    machine_name  text,
    paused_time   timestamptz,
    paused_by     text,
    in_hand_count bigint)
language plpgsql volatile security definer set search_path = ''
as $$
-- Give a machine no work for a while; what it has in hand goes on.
--
-- Callers: users
-- Arguments:
--   teamName     a team of the caller
--   machineName  a machine of that team
--   reason       why, kept for audit
-- Returns:
--   1: the machine, one row; inHandCount: how many items its agent still has
-- Errors:
--   JB403  the team is not the caller's
--   JB404  the company has no such team, or the team no such machine
-- Rules:
--   The requesting user must be a member of the specified team.
--   After the answer it gets nothing more, until ResumeMachine. Pausing it again changes nothing.
#variable_conflict use_column
declare
    v_caller  auth.caller := auth.enter_call();
    v_now     timestamptz := data.clock();
    v_machine data.machine;
begin
    perform queue.close_gate(v_caller.company_id);
    v_machine := auth.lock_machine(v_caller, p_machine_name, p_team_name);

    if v_machine.paused_time is null then
        update data.machine as machine
        set paused_time = v_now,
            paused_by = v_caller.actor
        where machine.company_id = v_caller.company_id
          and machine.machine_id = v_machine.machine_id
        returning machine.* into v_machine;
        perform auth.audit(v_caller, v_now, 'Paused', 'Machine', v_machine.machine_uuid, v_machine.machine_name, p_reason);
    end if;

    return query
    select v_machine.machine_name::text, v_machine.paused_time, v_machine.paused_by, items.in_hand
    from queue.unfinished_items(v_caller.company_id, v_machine.machine_id) as items;
end;
$$;
