create or replace function api.retry_failed_queue_item(
    p_original_queue_id bigint default null,
    p_task_id           uuid default null,
    p_team_name         text default null,
    p_modified_vault    data.vault default null,
    p_newest            boolean default false,
    p_only_status       data.queue_status default null)
returns table (
    new_queue_id      bigint,
    "time"            timestamptz,
    machine_name      text,
    original_queue_id bigint,
    queue_id          bigint,
    task_id           uuid,
    new_retry_count   integer,
    result            text,
    wake              data.wake)
language plpgsql volatile security definer set search_path = ''
as $$
-- Queue a failed or cancelled item again, as a new item.
--
-- Callers: users
-- Seals: modifiedVault request retry
-- Arguments:
--   originalQueueId  the item to try again, or
--   taskId           the same by its other name
--   teamName         if given, must be the item's team
--   modifiedVault    the job for this time, JSON text; left out: the original's
--   newest           true: the newest of the item, its retries, their retries, and so on, in its place
--   onlyStatus       only if the item is in this state, FAILED or CANCELLED; left out: in either
-- Returns:
--   1: the new item, one row; newRetryCount: how often the original has been retried now
-- Errors:
--   JB400  neither queueId nor taskId is given
--   JB403  the team named is not the caller's, or there is no key to seal with
--   JB404  the company has no such item, it is not of that team, or not the caller's
--   JB409  the item is neither FAILED nor CANCELLED, or not in the state that is asked for; or its machine or queue was deleted
--   JB421  the vault was sealed for another machine
-- Rules:
--   The requesting user must be a member of the specified team.
--   The original queue item must exist and be in a failed or cancelled state.
--   If modifiedVault is null, the original vault content is used: the new item refers to it, so no key is needed.
--   The new queue item inherits the machine assignment from the original.
--   Of two calls for the newest at once, one retries it, and the other finds it waiting.
--   Priority is preserved if applicable.
--   What the original depended on is not asked again: the new item waits for nothing, also when the original failed for that reason.
#variable_conflict use_column
declare
    v_caller   auth.caller := auth.enter_call();
    v_now      timestamptz := data.clock();
    v_original data.queue_item;
    v_item     data.queue_item;
begin
    -- The gate before the item: who closes it may want the item next.
    perform queue.pass_gate(v_caller.company_id);
    v_original := auth.require_item(v_caller, p_original_queue_id, p_task_id, p_team_name);
    if p_newest then
        v_original := auth.require_item(v_caller, queue.newest_of(v_caller.company_id, v_original.queue_id), null, null);
    end if;
    if v_original.status <> p_only_status then
        raise exception using errcode = 'JB409', message = format(
            'queue item %s is %s: only a %s one is to be retried', v_original.queue_id, v_original.status, p_only_status);
    end if;
    v_item := queue.retry_item(v_caller, v_original, p_modified_vault, v_now);

    return query
    select v_item.queue_id, v_item.created_time, its.machine_name, v_original.queue_id, v_item.queue_id, v_item.task_id,
           (select count(*)::integer
            from data.queue_item as retry
            where retry.company_id = v_original.company_id
              and retry.original_queue_id = v_original.queue_id), 'queued again',
           (queue.wake_of(v_item)::text[] || queue.item_key(v_original.company_id, v_original.queue_id))::data.wake
    from queue.places_of(v_item) as its;
end;
$$;
