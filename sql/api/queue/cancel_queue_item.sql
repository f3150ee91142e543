create or replace function api.cancel_queue_item(
    p_queue_id   bigint default null,
    p_task_id    uuid default null,
    p_team_name  text default null,
    p_reason     data.note default null,
    p_force      boolean default false,
    p_newest     boolean default false)
returns table (
    queue_id        bigint,
    task_id         uuid,
    status          data.queue_status,
    cancelled_time  timestamptz,
    cancelled_by    text,
    previous_status data.queue_status,
    result          text,
    wake            data.wake)
language plpgsql volatile security definer set search_path = ''
as $$
-- Cancel a queue item that no agent has started; with force, ask the agent of a started one to stop.
--
-- Callers: users
-- Arguments:
--   queueId   item to cancel, or
--   taskId    the same by its other name
--   teamName  if given, must be the item's team
--   reason    why, kept in the item's trace
--   force     a PROCESSING item becomes CANCELLING, and CANCELLED when its agent confirms or is lost
--   newest    true: the newest of the item, its retries, their retries, and so on, in its place
-- Returns:
--   1: the item after the change, one row
-- Errors:
--   JB400  neither queueId nor taskId is given
--   JB403  the team named is not the caller's
--   JB404  the company has no such item, it is not of that team, or not the caller's
--   JB409  the item is PROCESSING (without force), COMPLETED, FAILED or CANCELLED
-- Rules:
--   The requesting user must be a member of the specified team.
--   Only items in PENDING or ASSIGNED status can be cancelled.
--   Items that are already COMPLETED, CANCELLED, or PROCESSING cannot be cancelled.
--   The cancellation reason is stored for audit purposes.
declare
    v_caller    auth.caller := auth.enter_call();
    v_now       timestamptz := data.clock();
    -- Locked: an agent may be starting this item right now.
    v_item      data.queue_item := auth.require_item(v_caller, p_queue_id, p_task_id, p_team_name);
    v_hindrance text;
    v_done      record;
begin
    if p_newest then
        v_item := auth.require_item(v_caller, queue.newest_of(v_caller.company_id, v_item.queue_id), null, null);
    end if;
    v_hindrance := queue.cancel_hindrance(v_item, p_force);
    if v_hindrance is not null then
        raise exception using errcode = 'JB409', message = v_hindrance;
    end if;
    v_done := queue.cancel_item(v_caller, v_item, p_reason, v_now);

    return query
    select v_item.queue_id, v_item.task_id, (v_done.item).status, (v_done.item).finished_time, (v_done.item).cancelled_by,
           v_item.status, v_done.result, v_done.wake;
end;
$$;
