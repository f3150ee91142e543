create or replace function api.delete_queue_item(
    p_queue_id  bigint default null,
    p_task_id   uuid default null,
    p_team_name text default null)
returns table (
    queue_id bigint,
    task_id  uuid,
    result   text,
    wake     data.wake)
language plpgsql volatile security definer set search_path = ''
as $$
-- Remove a queue item and its vaults, whatever its state, unless it is protected.
--
-- Callers: users
-- Arguments:
--   queueId   item to delete, or
--   taskId    the same by its other name
--   teamName  if given, must be the item's team
-- Returns:
--   1: what was deleted, one row
-- Errors:
--   JB400  neither queueId nor taskId is given
--   JB403  the team named is not the caller's
--   JB404  the company has no such item, it is not of that team, or not the caller's
--   JB409  the item is protected
-- Rules:
--   The requesting user must be a member of the specified team.
--   Both the request vault and the response vault are deleted; a request vault that a retry shares goes with its last referrer.
--   A running agent hears of it at its next heartbeat.
declare
    v_caller    auth.caller := auth.enter_call();
    v_item      data.queue_item := auth.require_item(v_caller, p_queue_id, p_task_id, p_team_name);
    v_hindrance text := queue.delete_hindrance(v_item);
    v_wake      data.wake;
begin
    if v_hindrance is not null then
        raise exception using errcode = 'JB409', message = v_hindrance;
    end if;
    v_wake := queue.delete_item(v_item, data.clock());

    return query
    select v_item.queue_id, v_item.task_id, 'deleted'::text, v_wake;
end;
$$;
