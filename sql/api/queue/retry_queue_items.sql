create or replace function api.retry_queue_items(
    p_task_ids       uuid[] default null,
    p_filter         data.item_filter default null,
    p_team_name      text default null,
    p_after_queue_id bigint default null,
    p_dry_run        boolean default false,
    out items        data.bulk_retry[],
    out matched      integer,
    out done         integer,
    out more         boolean)
language plpgsql volatile security definer set search_path = ''
as $$
-- Queue many failed or cancelled items again, each as a new item with the same job.
--
-- Callers: users
-- Arguments:
--   taskIds       1 to 1,000 items, or
--   filter        what they have in common: {"queueName", "machineName", "status": [..], "metadata": {..}, "createdAfter",
--                 "createdBefore", "olderThanHours"}, at least one of these; metadata must be contained in the items';
--                 without status: FAILED and CANCELLED
--   teamName      if given, only items of this team; left out: of every team of the caller
--   afterQueueId  with a filter: only items with greater numbers, to go on after an answer that said more
--   dryRun        say what would be done, and do nothing
-- Returns:
--   1: a row per item, in the order of queueId, those not found last: the new item; else why there is none
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
--   What was retried before, a filter does not retry again; an id does.
--   Otherwise as RetryFailedQueueItem.
declare
    v_caller    auth.caller := auth.enter_call();
    v_now       timestamptz := data.clock();
    v_chosen    record;
    v_item      data.queue_item;
    v_hindrance text;
    v_new       data.queue_item;
begin
    perform queue.pass_gate(v_caller.company_id);         -- new items pass it, and it comes before the locks
    v_chosen := queue.choose_items(v_caller, p_team_name, p_task_ids, p_filter, p_after_queue_id,
        array['FAILED', 'CANCELLED']::data.queue_status[], not p_dry_run, v_now);

    items := array[]::data.bulk_retry[];
    foreach v_item in array v_chosen.items loop
        v_hindrance := queue.retry_hindrance(v_item);
        if v_hindrance is null and p_task_ids is null then
            v_hindrance := (
                select format('queue item %s was retried as queue item %s', v_item.queue_id, retry.queue_id)
                from data.queue_item as retry
                where retry.company_id = v_caller.company_id
                  and retry.original_queue_id = v_item.queue_id
                order by retry.queue_id desc
                limit 1);
        end if;
        v_new := null;
        if v_hindrance is null and not p_dry_run then
            v_new := queue.retry_item(v_caller, v_item, null, v_now);
        end if;
        items := items || row(v_item.task_id, v_item.queue_id, v_hindrance is null, v_hindrance, v_new.task_id, v_new.queue_id,
            queue.wake_of(v_new)::text[] || case
                when v_new.queue_id is not null then array[queue.item_key(v_item.company_id, v_item.queue_id)] end)::data.bulk_retry;
    end loop;

    items := items || array(
        select row(absent.task_id, absent.queue_id, absent.done, absent.reason, null, null, null)::data.bulk_retry
        from unnest(queue.absent_answers(v_chosen.missing)) as absent);
    matched := cardinality(v_chosen.items);
    done := (select count(*) from unnest(items) as answer where answer.done);
    more := v_chosen.more;
    perform queue.audit_bulk(v_caller, 'Retried', p_filter, matched, done, p_dry_run, v_now);
end;
$$;
