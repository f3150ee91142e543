create or replace function api.cancel_queue_item(
    p_queue_id   bigint default null,
    p_task_id    uuid default null,
    p_team_name  text default null,
    p_reason     data.note default null,
    p_force      boolean default false)
returns table (
    queue_id        bigint,
    task_id         uuid,
    status          data.queue_status,
    cancelled_time  timestamptz,
    cancelled_by    text,
    previous_status data.queue_status,
    result          text)
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
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    -- Locked: an agent may be starting this item right now.
    v_item   data.queue_item := auth.require_item(v_caller, p_queue_id, p_task_id, p_team_name);
    v_ended  data.queue_item;
begin
    if p_force and v_item.status = 'PROCESSING' then
        perform data.record_event(v_item, 'CANCEL_REQUESTED', v_caller.actor, v_now, p_reason);

        return query
        update data.queue_item as item
        set status = 'CANCELLING',
            cancel_requested_time = v_now,
            cancelled_by = v_caller.actor
        where item.company_id = v_caller.company_id
          and item.queue_id = v_item.queue_id
        returning item.queue_id, item.task_id, item.status, item.finished_time, item.cancelled_by, v_item.status,
                  'asked to stop';
        return;
    elsif v_item.status not in ('PENDING', 'ASSIGNED') then
        raise exception using errcode = 'JB409', message = format('queue item %s is %s', v_item.queue_id, v_item.status);
    end if;

    perform data.record_event(v_item, 'CANCELLED', v_caller.actor, v_now, p_reason);

    update data.claim as claim
    set ended_time = v_now,
        outcome = 'CANCELLED'
    where claim.company_id = v_item.company_id
      and claim.queue_id = v_item.queue_id
      and claim.claim_number = v_item.claim_number
      and claim.outcome is null;

    update data.queue_item as item
    set status = 'CANCELLED',
        held = null,
        lease_seconds = null,
        lease_until = null,
        deadline_time = null,
        stale_time = null,
        finished_time = v_now,
        cancelled_by = v_caller.actor
    where item.company_id = v_caller.company_id
      and item.queue_id = v_item.queue_id
    returning item.* into v_ended;
    perform queue.item_ended(v_ended, v_now);

    return query
    select v_ended.queue_id, v_ended.task_id, v_ended.status, v_ended.finished_time, v_ended.cancelled_by, v_item.status, 'cancelled';
end;
$$;
