create or replace function api.cancel_queue_items(
    p_task_ids       uuid[] default null,
    p_filter         data.item_filter default null,
    p_team_name      text default null,
    p_after_queue_id bigint default null,
    p_reason         data.note default null,
    p_force          boolean default false,
    p_dry_run        boolean default false,
    p_only_status    data.queue_status default null,
    out items        data.bulk_answer[],
    out matched      integer,
    out done         integer,
    out more         boolean)
language plpgsql volatile security definer set search_path = ''
as $$
-- Cancel many queue items that no agent has started; with force, ask the agents of started ones to stop.
--
-- Callers: users
-- Arguments:
--   taskIds       1 to 1,000 items, or
--   filter        what they have in common: {"queueName", "machineName", "status": [..], "metadata": {..}, "createdAfter",
--                 "createdBefore", "olderThanHours"}, at least one of these; metadata must be contained in the items';
--                 without status: those that are not finished
--   teamName      if given, only items of this team; left out: of every team of the caller
--   afterQueueId  with a filter: only items with greater numbers, to go on after an answer that said more
--   reason        why, kept in the items' traces
--   force         PROCESSING items become CANCELLING, and CANCELLED when their agents confirm or are lost
--   dryRun        say what would be done, and do nothing
--   onlyStatus    only items in this state; of the others it says in which they are
-- Returns:
--   1: a row per item, in the order of queueId, those not found last: whether it was cancelled, or asked to stop; else why not;
--      status: its state before the call
--   matched: how many of the caller's items were meant
--   done: how many of them were done, with dryRun: would be done
--   more: whether the filter matches more items behind these
-- Errors:
--   JB400  both or neither of taskIds and filter are given, more than 1,000, or a member of the filter is out of its bounds
--   JB403  the team named is not the caller's
--   JB404  the company has no such team, or none of the teams has such a machine or queue
-- Rules:
--   A filter means at most 1,000 items in one call, the oldest; more says that there are others behind them.
--   Each item is judged by itself: what cannot be done stays as it is, and its row says why.
--   Items of others are not found.
--   Otherwise as CancelQueueItem.
declare
    v_caller    auth.caller := auth.enter_call();
    v_now       timestamptz := data.clock();
    v_chosen    record;
    v_item      data.queue_item;
    v_hindrance text;
    v_done      record;
    v_wake      data.wake;
begin
    v_chosen := queue.choose_items(v_caller, p_team_name, p_task_ids, p_filter, p_after_queue_id,
        array['PENDING', 'ASSIGNED', 'PROCESSING', 'CANCELLING']::data.queue_status[], not p_dry_run, v_now);

    items := array[]::data.bulk_answer[];
    -- Youngest first: who depends on an older one is done with before that one's end would reach him.
    for v_at in reverse cardinality(v_chosen.items) .. 1 loop
        v_item := v_chosen.items[v_at];
        v_hindrance := case when v_item.status <> p_only_status
            then format('queue item %s is %s', v_item.queue_id, v_item.status) else queue.cancel_hindrance(v_item, p_force) end;
        v_wake := null;
        if v_hindrance is null and not p_dry_run then
            v_done := queue.cancel_item(v_caller, v_item, p_reason, v_now);
            v_wake := v_done.wake;
        end if;
        items := row(v_item.task_id, v_item.queue_id, v_hindrance is null, coalesce(v_hindrance, case
            when v_item.status = 'PROCESSING' then 'its agent is asked to stop' end), v_wake, v_item.status)::data.bulk_answer || items;
    end loop;

    items := items || queue.absent_answers(v_chosen.missing);
    matched := cardinality(v_chosen.items);
    done := (select count(*) from unnest(items) as answer where answer.done);
    more := v_chosen.more;
    perform queue.audit_bulk(v_caller, 'Cancelled', p_filter, matched, done, p_dry_run, v_now);
end;
$$;
