create or replace function api.delete_queue_items(
    p_task_ids       uuid[] default null,
    p_filter         data.item_filter default null,
    p_team_name      text default null,
    p_after_queue_id bigint default null,
    p_dry_run        boolean default false,
    out items        data.bulk_answer[],
    out matched      integer,
    out done         integer,
    out more         boolean,
    out wake         data.wake)
language plpgsql volatile security definer set search_path = ''
as $$
-- Remove many queue items and their vaults, whatever their state, unless they are protected.
--
-- Callers: users
-- Arguments:
--   taskIds       1 to 1,000 items, or
--   filter        what they have in common: {"queueName", "machineName", "status": [..], "metadata": {..}, "createdAfter",
--                 "createdBefore", "olderThanHours"}, at least one of these; metadata must be contained in the items'
--   teamName      if given, only items of this team; left out: of every team of the caller
--   afterQueueId  with a filter: only items with greater numbers, to go on after an answer that said more
--   dryRun        say what would be done, and do nothing
-- Returns:
--   1: a row per item, in the order of queueId, those not found last: whether it was deleted; else why not; status: its state
--      before the call
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
--   Otherwise as DeleteQueueItem.
declare
    v_caller    auth.caller := auth.enter_call();
    v_now       timestamptz := data.clock();
    v_chosen    record;
    v_item      data.queue_item;
    v_hindrance text;
begin
    v_chosen := queue.choose_items(v_caller, p_team_name, p_task_ids, p_filter, p_after_queue_id,
        null, not p_dry_run, v_now);

    items := array[]::data.bulk_answer[];
    -- Youngest first: who depends on an older one is done with before that one's end would reach him.
    for v_at in reverse cardinality(v_chosen.items) .. 1 loop
        v_item := v_chosen.items[v_at];
        v_hindrance := queue.delete_hindrance(v_item);
        if v_hindrance is null and not p_dry_run then
            wake := wake || queue.delete_item(v_item, v_now);
        end if;
        items := row(v_item.task_id, v_item.queue_id, v_hindrance is null, v_hindrance, null,
            v_item.status)::data.bulk_answer || items;
    end loop;

    items := items || queue.absent_answers(v_chosen.missing);
    matched := cardinality(v_chosen.items);
    done := (select count(*) from unnest(items) as answer where answer.done);
    more := v_chosen.more;
    perform queue.audit_bulk(v_caller, 'Deleted', p_filter, matched, done, p_dry_run, v_now);
end;
$$;
