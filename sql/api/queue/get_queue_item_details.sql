create or replace function api.get_queue_item_details(
    p_queue_id             bigint default null,
    p_task_id              uuid default null,
    p_team_name            text default null,
    out details            data.item_details[],
    out request            data.item_vault[],
    out response           data.item_vault[],
    out timeline           data.item_event[],
    out queue_position     data.item_place[],
    out machine_statistics data.item_machine[])
language plpgsql volatile security definer set search_path = ''
as $$
-- Everything about a queue item in one answer: what it is, its vaults opened, its history, its place in line.
--
-- Callers: users, agents
-- Permission: GetQueueItemTrace
-- Arguments:
--   queueId   the item, or
--   taskId    the same by its other name
--   teamName  if given, must be the item's team
-- Returns:
--   1: the item, one row
--   2: the job as it was queued, one row
--   3: the answer so far, one row; hasContent is false while there is none
--   4: its events, oldest first
--   5: how many items its machine, or its pool, gets before it, at most 1,000 counted; no row when it is not PENDING
--   6: what its machine has to do, at most 1,000 of each counted, one row; none while it waits in a pool
-- Errors:
--   JB400  neither queueId nor taskId is given
--   JB403  the team named is not the caller's
--   JB404  the company has no such item, it is not of that team, or not the caller's
-- Rules:
--   The requesting user must be a member of the specified team.
--   Who may call GetQueueItemTrace may call this: both tell the same item's story.
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_item   data.queue_item := auth.see_item(v_caller, p_queue_id, p_task_id, p_team_name);
begin
    details := array[queue.details_of(v_caller, v_item, v_now)];
    request := queue.vault_set(v_item, 'Request', v_item.request_vault_id);
    response := queue.vault_set(v_item, 'Response', v_item.response_vault_id);
    timeline := array(
        select row(event.event_time, event.event, event.details, event.actor, event.attempt,
                   data.seconds_between(lag(event.event_time) over (order by event.event_id), event.event_time))::data.item_event
        from data.queue_event as event
        where event.company_id = v_item.company_id
          and event.queue_id = v_item.queue_id
        order by event.event_id);
    queue_position := queue.place_in_line(v_item, v_now);
    machine_statistics := case when v_item.machine_id is null then '{}' else
        array[queue.load_of(v_item.company_id, v_item.machine_id)] end;
end;
$$;
