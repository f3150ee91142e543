create or replace function api.get_machine_assignment_status(p_team_name text, p_machine_name text)
returns table (
    machine_name       text,
    team_name          text,
    assignment_type    text,
    assignment_details text,
    status             text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Whether a machine is at work.
--
-- Callers: users
-- Arguments:
--   teamName     a team of the caller
--   machineName  a machine of that team
-- Returns:
--   1: one row; status is AVAILABLE, or BUSY while agents have items of it in hand; assignmentType NONE or QUEUE_ITEMS
-- Errors:
--   JB403  the team is not the caller's
--   JB404  the company has no such team, or the team no such machine
#variable_conflict use_column
declare
    v_caller  auth.caller := auth.enter_call();
    v_machine data.machine := auth.require_machine(v_caller, p_machine_name, p_team_name);
    v_items   record := queue.unfinished_items(v_caller.company_id, v_machine.machine_id);
begin
    return query
    select v_machine.machine_name::text, team.team_name::text,
           case when v_items.in_hand > 0 then 'QUEUE_ITEMS' else 'NONE' end,
           format('%s in hand, %s waiting', data.counted(v_items.in_hand, 'item'), v_items.waiting),
           case when v_items.in_hand > 0 then 'BUSY' else 'AVAILABLE' end
    from data.team as team
    where team.company_id = v_caller.company_id
      and team.team_id = v_machine.team_id;
end;
$$;
