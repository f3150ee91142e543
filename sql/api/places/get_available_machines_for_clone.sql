create or replace function api.get_available_machines_for_clone(p_team_name text)
returns table (
    machine_name text,
    status       text,
    description  text)
language plpgsql volatile security definer set search_path = ''
as $$
-- List the machines of a team that are not at work.
--
-- Callers: users
-- Arguments:
--   teamName  a team of the caller
-- Returns:
--   1: the machines by name of which no agent has an item in hand; status is AVAILABLE
-- Errors:
--   JB403  the team is not the caller's
--   JB404  the company has no such team
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_team   data.team := auth.require_team(v_caller, p_team_name);
begin
    return query
    select machine.machine_name::text, 'AVAILABLE', format('%s waiting', data.counted(items.waiting, 'item'))
    from data.machine as machine
    cross join lateral queue.unfinished_items(machine.company_id, machine.machine_id) as items
    where machine.company_id = v_caller.company_id
      and machine.team_id = v_team.team_id
      and items.in_hand = 0
    order by lower(machine.machine_name);
end;
$$;
