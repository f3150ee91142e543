create or replace function api.get_queue_item_trace(
    p_queue_id  bigint default null,
    p_task_id   uuid default null,
    p_team_name text default null)
returns table (
    "timestamp" timestamptz,
    event       data.event_kind,
    details     text,
    actor       text,
    attempt     integer,
    queue_id    bigint,
    task_id     uuid)
language plpgsql volatile security definer set search_path = ''
as $$
-- Everything that happened to a queue item.
--
-- Callers: users, agents
-- Counts: get_queue_item_attempts
-- Arguments:
--   queueId   the item, or
--   taskId    the same by its other name
--   teamName  if given, must be the item's team
-- Returns:
--   1: its events, oldest first
--   2: its attempts, oldest first, as GetQueueItemAttempts
-- Errors:
--   JB400  neither queueId nor taskId is given
--   JB403  the team named is not the caller's
--   JB404  the company has no such item, it is not of that team, or not the caller's
-- Rules:
--   The requesting user must be a member of the specified team.
--   Returns all events in chronological order.
--   Includes creation, assignment, heartbeats (one a minute), status changes, and completion/cancellation.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_item   data.queue_item := auth.see_item(v_caller, p_queue_id, p_task_id, p_team_name);
begin
    return query
    select event.event_time, event.event, event.details, event.actor, event.attempt, v_item.queue_id, v_item.task_id
    from data.queue_event as event
    where event.company_id = v_item.company_id
      and event.queue_id = v_item.queue_id
    order by event.event_id;
end;
$$;
