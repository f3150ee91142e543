create or replace function api.get_queue_item_attempts(
    p_queue_id  bigint default null,
    p_task_id   uuid default null,
    p_team_name text default null)
returns setof data.item_attempt
language plpgsql volatile security definer set search_path = ''
as $$
-- Each time a queue item was handed out, and how it ended.
--
-- Callers: users, agents
-- Permission: GetQueueItemTrace
-- Arguments:
--   queueId   the item, or
--   taskId    the same by its other name
--   teamName  if given, must be the item's team
-- Returns:
--   1: its attempts, oldest first; outcome is null while one goes on, and failureReason says why a FAILED or LOST one ended;
--      hasResponse: its answer is kept, in the item or beside it
-- Errors:
--   JB400  neither queueId nor taskId is given
--   JB403  the team named is not the caller's
--   JB404  the company has no such item, it is not of that team, or not the caller's
-- Rules:
--   The requesting user must be a member of the specified team.
--   An attempt that was given back, or lost without a sign of life, is free: the next one has its number.
declare
    v_caller auth.caller := auth.enter_call();
    v_item   data.queue_item := auth.see_item(v_caller, p_queue_id, p_task_id, p_team_name);
begin
    return query
    select made.*
    from queue.attempts_of(v_item) as made;
end;
$$;
