create or replace function api.run_schedule_now(p_team_name text, p_schedule_name text)
returns table (
    queue_id     bigint,
    task_id      uuid,
    "time"       timestamptz,
    machine_name text,
    status       data.queue_status,
    priority     data.priority_level,
    queue_name   text,
    wake         data.wake)
language plpgsql volatile security definer set search_path = ''
as $$
-- Queue one item of a schedule at once, beside its ticks.
--
-- Callers: users
-- Arguments:
--   teamName      a team of the caller
--   scheduleName  the schedule, enabled or not
-- Returns:
--   1: the new item, one row
-- Errors:
--   JB403  the team is not the caller's
--   JB404  the company has no such team, or the team no such schedule
--   JB409  its machine was deleted
-- Rules:
--   The requesting user must be a member of the specified team.
--   It counts as no tick: the next one comes when it would have come, and overlap is not asked for.
--   The item is the caller's, and refers to the schedule's vault, so no key is needed.
#variable_conflict use_column
declare
    v_caller    auth.caller := auth.enter_call();
    v_now       timestamptz := data.clock();
    v_team      data.team := auth.require_team(v_caller, p_team_name);
    v_limits    data.company_limits := queue.pass_gate(v_caller.company_id);      -- before the schedule is locked
    v_schedule  data.schedule := queue.lock_schedule(v_caller, v_team, p_schedule_name);
    v_hindrance text := queue.schedule_hindrance(v_schedule);
    v_item      data.queue_item;
begin
    if v_hindrance is not null then
        raise exception using errcode = 'JB409', message = format(
            'schedule %s cannot run: %s', v_schedule.schedule_name, v_hindrance);
    end if;
    v_item := queue.add_scheduled_item(
        v_caller, v_schedule, null, v_now, format('schedule %s, run at once', v_schedule.schedule_name));

    return query
    select v_item.queue_id, v_item.task_id, v_item.created_time, its.machine_name, v_item.status,
           data.priority_level_of(v_item.priority, v_caller.plan)::data.priority_level, its.queue_name, queue.wake_of(v_item)
    from queue.places_of(v_item) as its;
end;
$$;
