create or replace function keyring.schedule_timing(p_team_name text, p_schedule_name text)
returns table (
    asked_time timestamptz,
    cron       text,
    time_zone  text)
language plpgsql volatile security definer set search_path = ''
as $$
-- What the broker needs to compute the first tick of a schedule, before the call that makes or changes it.
--
-- Returns:
--   one row: the time, and the timing of the schedule of that name, if there is one
-- Errors:
--   JB403, JB404  as the calls that make or change a schedule: the team is not the caller's, or absent
#variable_conflict use_column
declare
    v_caller auth.caller := auth.identify_settled();
    v_team   data.team := auth.require_team(v_caller, p_team_name);
begin
    return query
    select data.clock(), schedule.cron, schedule.time_zone
    from (select v_team.company_id, v_team.team_id) as own (company_id, team_id)
    left join data.schedule as schedule
        on schedule.company_id = own.company_id and schedule.team_id = own.team_id
           and lower(schedule.schedule_name) = lower(p_schedule_name);
end;
$$;
