create or replace function maintenance.due_schedules()
returns table (
    company_id    bigint,
    schedule_id   bigint,
    revision      integer,
    cron          text,
    every_seconds integer,
    time_zone     text,
    next_time     timestamptz,
    after         timestamptz)
language plpgsql volatile security definer set search_path = ''
as $$
-- The schedules whose tick has come, and those of which nobody has computed the next one: 1,000 at most, the longest due first.
--
-- Returns:
--   next_time  the tick that has come, null: nobody knows yet
--   after      what comes next is the first tick after this moment
-- Rules:
--   After a tick comes the next one. After one that was missed: if one item stands for all that were (RUN_ONCE), the first in the
--   future; if none does (SKIP), the first that was not missed.
--   Nothing is locked: what is done for them (maintenance.run_tick) counts only if nobody was faster.
#variable_conflict use_column
declare
    v_now          timestamptz := data.clock();
    v_missed_until timestamptz := queue.missed_until(v_now);
    v_company_id   bigint;
begin
    for v_company_id in
        select distinct schedule.company_id
        from data.schedule as schedule
        where schedule.enabled
          and (schedule.next_time <= v_now or schedule.next_time is null)
    loop
        return query
        select schedule.company_id, schedule.schedule_id, schedule.revision, schedule.cron, schedule.every_seconds,
               schedule.time_zone, schedule.next_time,
               case
                   when schedule.next_time is null then v_now
                   when schedule.next_time >= v_missed_until then schedule.next_time
                   when schedule.missed = 'RUN_ONCE' then v_now
                   else v_missed_until
               end
        from data.schedule as schedule
        where schedule.company_id = v_company_id
          and schedule.enabled
          and (schedule.next_time <= v_now or schedule.next_time is null)
        order by schedule.next_time nulls first
        limit 1000;
    end loop;
end;
$$;
