create or replace function maintenance.due_schedules()
returns setof data.due_schedule
language plpgsql volatile security definer set search_path = ''
as $$
-- The schedules whose tick has come, and those of which nobody has computed the next one: 1,000 at most, the longest due first.
--
-- Rules:
--   Nothing is locked: what is done for them (maintenance.run_tick) counts only if nobody was faster.
declare
    v_now        timestamptz := data.clock();
    v_company_id bigint;
begin
    for v_company_id in
        select distinct schedule.company_id
        from data.schedule as schedule
        where schedule.enabled
          and (schedule.next_time <= v_now or schedule.next_time is null)
    loop
        return query
        select schedule.company_id, schedule.schedule_id, schedule.revision, schedule.cron, schedule.every_seconds,
               schedule.time_zone, schedule.missed, schedule.next_time, v_now
        from data.schedule as schedule
        where schedule.company_id = v_company_id
          and schedule.enabled
          and (schedule.next_time <= v_now or schedule.next_time is null)
        order by schedule.next_time nulls first
        limit 1000;
    end loop;
end;
$$;
