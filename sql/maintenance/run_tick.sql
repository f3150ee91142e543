create or replace function maintenance.run_tick(
    p_company_id  bigint,
    p_schedule_id bigint,
    p_revision    integer,
    p_following   timestamptz,
    p_problem     text default null)
returns integer
language plpgsql volatile security definer set search_path = ''
as $$
-- Count the tick of a schedule that has come, and make its item; or keep when the first one comes.
--
-- Arguments:
--   revision   of the schedule, as maintenance.due_schedules told it
--   following  when the next tick comes
--   problem    or why there is none: the schedule is disabled
-- Returns:
--   how many items were made, 0 or 1; null: somebody else was faster, or the schedule has changed
-- Rules:
--   A compare-and-set: of several brokers that found the same tick one counts it.
--   A tick that was missed makes an item, which stands for all that were, only of a schedule that says RUN_ONCE.
--   The item belongs to who made the schedule. If he is gone, or its machine, the schedule is disabled and says why.
declare
    v_now       timestamptz := data.clock();
    v_limits    data.company_limits := queue.pass_gate(p_company_id);             -- before the schedule is locked
    v_schedule  data.schedule;
    v_caller    auth.caller;
    v_problem   text;
    v_item      data.queue_item;
begin
    select schedule.*
    into v_schedule
    from data.schedule as schedule
    where schedule.company_id = p_company_id
      and schedule.schedule_id = p_schedule_id
      and schedule.enabled
      and schedule.revision = p_revision
    for update;
    if not found then
        return null;
    end if;

    v_caller.company_id := p_company_id;
    v_caller.user_id := v_schedule.created_by;
    v_caller.actor := 'schedule ' || v_schedule.schedule_name;
    v_caller.procedure_name := 'maintenance.run_tick';
    v_problem := coalesce(
        p_problem,
        queue.schedule_hindrance(v_schedule),
        case when not queue.has_maker(v_schedule) then 'who made it is no active member of the team any more' end);
    if v_problem is not null then
        update data.schedule as schedule
        set enabled = false,
            problem = v_problem,
            next_time = null,
            revision = schedule.revision + 1
        where schedule.company_id = p_company_id
          and schedule.schedule_id = p_schedule_id;
        perform auth.audit(
            v_caller, v_now, 'Disabled', 'Schedule', v_schedule.schedule_uuid, v_schedule.schedule_name, v_problem);
        return 0;
    end if;

    update data.schedule as schedule
    set next_time = p_following,
        last_tick_time = coalesce(schedule.next_time, schedule.last_tick_time),
        revision = schedule.revision + 1
    where schedule.company_id = p_company_id
      and schedule.schedule_id = p_schedule_id;
    if v_schedule.next_time is null or v_schedule.next_time < queue.missed_until(v_now) and v_schedule.missed = 'SKIP' then
        return 0;
    end if;

    if v_schedule.overlap <> 'ALLOW' then
        for v_item in
            select item.*
            from data.queue_item as item
            where item.company_id = p_company_id
              and item.schedule_id = p_schedule_id
              and item.finished_time is null
            order by item.queue_id
            for update
        loop
            if v_schedule.overlap = 'SKIP' then
                return 0;
            elsif v_item.status <> 'CANCELLING' then
                perform queue.cancel_item(v_caller, v_item, 'the next tick of its schedule has come', v_now);
            end if;
        end loop;
    end if;
    perform queue.add_scheduled_item(
        v_caller, v_schedule, v_schedule.next_time, v_now,
        format('tick of %s', to_char(v_schedule.next_time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')));
    return 1;
end;
$$;
