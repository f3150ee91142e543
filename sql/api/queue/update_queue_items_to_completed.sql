create or replace function api.update_queue_items_to_completed(
    p_items data.completion[],
    out items data.completion_answer[])
language plpgsql volatile security definer set search_path = ''
as $$
-- Finish up to 1,000 queue items with their final responses.
--
-- Callers: users, agents
-- Seals: items.responseVault response item
-- Arguments:
--   items  1 to 1,000 objects with taskId or queueId, claimToken, responseVault, completionStatus (default SUCCESS) and retryable,
--          as in UpdateQueueItemToCompleted
-- Returns:
--   1: a row per item, in the order in which they were given: whether its completion was accepted, its status now, and if not, why
-- Errors:
--   JB400  not 1 to 1,000 items
--   JB403  there is no key to seal with
--   JB421  a vault was sealed for another item or attempt
-- Rules:
--   Each item is judged as if it came alone. Those that are refused (late, not found, completed with another answer) do not refuse
--   the call.
declare
    v_caller     auth.caller := auth.enter_call();
    v_now        timestamptz := data.clock();
    v_count      integer := coalesce(cardinality(p_items), 0);
    v_ids        bigint[];
    v_needed     bigint[];
    v_policy_ids bigint[];
    v_place      integer;
    v_given      record;
    v_done       record;
    v_keys       text[];
begin
    if v_count not between 1 and 1000 then
        raise exception using errcode = 'JB400', message = format('items holds %s: 1 to 1,000 in one call', v_count);
    elsif v_caller.token_id is null then
        perform auth.require_vault(null, null, null, null, null, null);
    end if;

    v_ids := queue.visible_items(v_caller,
        array(select done.queue_id from unnest(p_items) with ordinality as done order by done.ordinality),
        array(select done.task_id from unnest(p_items) with ordinality as done order by done.ordinality));
    select coalesce(array_agg(item.queue_id) filter (where item.has_dependants), '{}'), array_agg(distinct item.policy_id)
    into v_needed, v_policy_ids
    from data.queue_item as item
    where item.company_id = v_caller.company_id
      and item.queue_id = any(v_ids);
    -- Locked in one order, with what waits for them, so that two calls cannot wait for each other.
    perform from data.queue_item as item
    where item.company_id = v_caller.company_id
      and item.queue_id = any(v_ids || case when v_needed <> '{}' then queue.held_dependants(v_caller.company_id, v_needed) end)
    order by item.queue_id
    for update;

    items := array_fill(null::data.completion_answer, array[v_count]);
    foreach v_place in array queue.finish_items(v_caller, p_items, v_ids, v_now) loop
        items[v_place] := row(null, v_ids[v_place], true, 'COMPLETED', null, null)::data.completion_answer;
    end loop;

    for v_given in
        select done.*
        from unnest(p_items) with ordinality as done
        order by v_ids[done.ordinality], done.ordinality
    loop
        v_place := v_given.ordinality;
        if items[v_place] is null then
            items[v_place] := queue.complete_one(v_caller, row(v_given.task_id, v_given.queue_id, v_given.claim_token,
                v_given.response_vault, v_given.completion_status, v_given.retryable)::data.completion, v_now);
        end if;
    end loop;

    v_keys := queue.policy_room_keys(v_caller.company_id, v_policy_ids)
        || case when v_needed <> '{}' then queue.released_keys(v_caller.company_id, v_needed, v_now) end;
    items := array(
        select row(coalesce(answer.task_id, its.task_id), answer.queue_id, answer.accepted, answer.status, answer.message,
                   case when answer.accepted then array[queue.item_key(v_caller.company_id, answer.queue_id)] end
                       || case when answer.ordinality = 1 then v_keys end)::data.completion_answer
        from unnest(items) with ordinality as answer
        left join lateral (
            select item.task_id
            from data.queue_item as item
            where item.company_id = v_caller.company_id
              and item.queue_id = v_ids[answer.ordinality]
            offset 0) as its on true
        order by answer.ordinality);
end;
$$;
