create or replace function api.delete_schedule(p_team_name text, p_schedule_name text)
returns table (result text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Delete a schedule. The items that it has made stay.
--
-- Callers: users
-- Arguments:
--   teamName      a team of the caller
--   scheduleName  the schedule
-- Returns:
--   1: what was deleted, one row
-- Errors:
--   JB403  the team is not the caller's
--   JB404  the company has no such team, or the team no such schedule
-- Rules:
--   The requesting user must be a member of the specified team.
--   Its vault goes with the last item that refers to it: waiting items can still be run, and finished ones retried.
declare
    v_caller   auth.caller := auth.enter_call();
    v_now      timestamptz := data.clock();
    v_team     data.team := auth.require_team(v_caller, p_team_name);
    v_schedule data.schedule := queue.lock_schedule(v_caller, v_team, p_schedule_name);
begin
    delete from data.schedule as schedule
    where schedule.company_id = v_schedule.company_id
      and schedule.schedule_id = v_schedule.schedule_id;
    perform queue.leave_vault(v_schedule);
    perform auth.audit(v_caller, v_now, 'Deleted', 'Schedule', v_schedule.schedule_uuid, v_schedule.schedule_name,
        format('of team %s', v_team.team_name));

    return query
    select format('schedule %s deleted', v_schedule.schedule_name);
end;
$$;
