create or replace function queue.require_schedule(p_caller auth.caller, p_team data.team, p_schedule_name text)
returns data.schedule
language plpgsql stable set search_path = ''
as $$
-- The schedule of that name in a team of the caller.
--
-- Errors:
--   JB404  the team has no such schedule
declare
    v_schedule data.schedule;
begin
    select schedule.*
    into v_schedule
    from data.schedule as schedule
    where schedule.company_id = p_caller.company_id
      and schedule.team_id = p_team.team_id
      and lower(schedule.schedule_name) = lower(p_schedule_name);
    if not found then
        raise exception using errcode = 'JB404', message = format(
            'schedule %s not found in team %s', left(p_schedule_name, 100), p_team.team_name);
    end if;
    return v_schedule;
end;
$$;
