create or replace function api.get_queue_item_changes(
    p_queue_id     bigint default null,
    p_task_id      uuid default null,
    p_team_name    text default null,
    p_after_change bigint default 0,
    out changes    data.item_change[],
    out current    data.item_state[],
    out wait_keys  data.wake)
language plpgsql volatile security definer set search_path = ''
as $$
-- What has changed of a queue item, and of its retries, since a change that the caller knows.
--
-- Callers: users
-- Permission: GetTeamQueueItems
-- Arguments:
--   queueId      the item, or
--   taskId       the same by its other name
--   teamName     if given, must be the item's team
--   afterChange  only changes with greater numbers; left out: all that are kept
-- Returns:
--   1: the changes of state, in order; scheduled: the item was held back, by time or for other items
--   2: how the newest of the item and its retries stands, one row; changeNumber as GetQueueItem tells it
-- Errors:
--   JB400  neither queueId nor taskId is given
--   JB403  the team named is not the caller's
--   JB404  the company has no such item, it is not of that team, or not the caller's
-- Rules:
--   The requesting user must be a member of the item's team.
--   Where an item was retried more than once, the changes are those that led to the newest of all.
--   Changes are kept as long as the item's trace is.
declare
    v_caller auth.caller := auth.enter_call();
    v_item   data.queue_item := auth.see_item(v_caller, p_queue_id, p_task_id, p_team_name);
    v_chain  bigint[];
begin
    v_chain := queue.chain_to(v_item.company_id, v_item.queue_id, queue.newest_of(v_item.company_id, v_item.queue_id));
    select item.*
    into v_item
    from data.queue_item as item
    where item.company_id = v_item.company_id
      and item.queue_id = v_chain[cardinality(v_chain)];

    current := array[row(v_item.queue_id, v_item.task_id, v_item.status,
        v_item.status = 'PENDING' and v_item.held is not null, v_item.progress, v_item.metrics, queue.last_change(v_item.company_id, v_item.queue_id))::data.item_state];
    -- Each key with how the item looks to the caller: who sees it look otherwise wakes him. Changes come last, so that none is
    -- missed that the looks know of.
    wait_keys := array(
        select queue.item_key(item.company_id, item.queue_id) || '=' || queue.look_of(item)
        from data.queue_item as item
        where item.company_id = v_item.company_id
          and item.queue_id = any(v_chain[cardinality(v_chain) - 9:]));
    changes := queue.changes_of(v_item.company_id, v_chain, p_after_change);
end;
$$;
