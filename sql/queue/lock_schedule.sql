create or replace function queue.lock_schedule(p_caller auth.caller, p_team data.team, p_schedule_name text)
returns data.schedule
language plpgsql volatile set search_path = ''
as $$
-- The schedule of that name, locked: nobody counts its tick, changes it or deletes it until this transaction ends.
--
-- Errors:
--   JB404  the team has no such schedule
declare
    v_schedule data.schedule := queue.require_schedule(p_caller, p_team, p_schedule_name);
begin
    select schedule.*
    into v_schedule
    from data.schedule as schedule
    where schedule.company_id = v_schedule.company_id
      and schedule.schedule_id = v_schedule.schedule_id
    for update;
    if not found then
        raise exception using errcode = 'JB404', message = format(
            'schedule %s not found in team %s', left(p_schedule_name, 100), p_team.team_name);
    end if;
    return v_schedule;
end;
$$;
