create or replace function api.update_queue_item_priority(
    p_priority   data.priority_level,
    p_queue_id   bigint default null,
    p_task_id    uuid default null,
    p_team_name  text default null,
    out changed  data.changed_priority[])
language plpgsql volatile security definer set search_path = ''
as $$
-- Move a waiting queue item forward or back in its machine's line.
--
-- Callers: users
-- Arguments:
--   priority  1 highest to 5 lowest
--   queueId   the item, or
--   taskId    the same by its other name
--   teamName  if given, must be the item's team
-- Returns:
--   1: the item after the change, one row
-- Errors:
--   JB400  neither queueId nor taskId is given
--   JB402  the company's plan has no priorities
--   JB403  the team named is not the caller's
--   JB404  the company has no such item, it is not of that team, or not the caller's
--   JB409  the item is not PENDING
-- Rules:
--   The requesting user must be a member of the specified team.
--   Plans PREMIUM and ELITE have priorities.
--   Only PENDING items can be moved: what an agent has already, it works on.
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_item   data.queue_item := auth.require_item(v_caller, p_queue_id, p_task_id, p_team_name);
    v_before smallint := data.priority_level_of(v_item.priority, v_caller.plan);
begin
    if v_before is null then
        raise exception using errcode = 'JB402', message = format(
            'plan %s has no priorities: plans PREMIUM and ELITE have', v_caller.plan);
    elsif v_item.status <> 'PENDING' then
        raise exception using errcode = 'JB409', message = format(
            'queue item %s is %s: only a PENDING one can be moved in line', v_item.queue_id, v_item.status);
    end if;

    if v_before <> p_priority then
        perform data.record_event(v_item, 'PRIORITY_CHANGED', v_caller.actor, v_now, format('from %s to %s', v_before, p_priority));
        update data.queue_item as item
        set priority = data.priority_of_level(p_priority, v_caller.plan)
        where item.company_id = v_item.company_id
          and item.queue_id = v_item.queue_id;
    end if;

    changed := array[row(v_item.queue_id, v_item.task_id, p_priority, data.priority_label_of(p_priority),
        case when v_before <> p_priority then 'priority changed' else 'priority unchanged' end)::data.changed_priority];
end;
$$;
