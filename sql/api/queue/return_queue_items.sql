create or replace function api.return_queue_items(
    p_items   data.return_request[],
    out items data.return_answer[],
    out wake  data.wake)
language plpgsql volatile security definer set search_path = ''
as $$
-- Give claimed items back unharmed, as an agent does that must stop now.
--
-- Callers: users, agents
-- Arguments:
--   items  1 to 1,000 objects with taskId or queueId, and claimToken
-- Returns:
--   1: a row per item: whether it was given back, else why not
-- Errors:
--   JB400  more than 1,000 items
-- Rules:
--   The item is PENDING again and no attempt is used.
--   What is late is refused row by row, and nothing of it changes.
declare
    v_caller  auth.caller := auth.enter_call();
    v_now     timestamptz := data.clock();
    v_request data.return_request;
    v_item    data.queue_item;
    v_judged  record;
begin
    if cardinality(p_items) not between 1 and 1000 then
        raise exception using errcode = 'JB400', message = format('items holds %s: 1 to 1,000 in one call', cardinality(p_items));
    end if;

    -- Locked in one order, whichever name they come under, so that two calls cannot wait for each other.
    items := array[]::data.return_answer[];
    for v_request in
        select request.*
        from unnest(p_items) as request
        order by coalesce(request.queue_id, (
            select item.queue_id
            from data.queue_item as item
            where item.company_id = v_caller.company_id
              and item.task_id between request.task_id and request.task_id
            order by item.task_id
            limit 1))
    loop
        begin
            v_item := auth.require_item(v_caller, v_request.queue_id, v_request.task_id, null);
            v_judged := queue.judge_claim(v_caller, v_item, v_request.claim_token);
            if v_judged.verdict = 'good' then
                perform queue.put_back(v_item, 'RETURNED', v_caller.actor, v_now, 'given back by the agent');
                wake := wake || queue.item_key(v_item.company_id, v_item.queue_id) || queue.room_keys(v_item) || (
                    select queue.wake_of(item)
                    from data.queue_item as item
                    where item.company_id = v_item.company_id
                      and item.queue_id = v_item.queue_id);
            end if;
            items := items || row(v_item.task_id, v_item.queue_id, v_judged.verdict = 'good', case
                when v_judged.verdict <> 'good' then queue.explain_refusal(v_item, v_judged.verdict) end)::data.return_answer;
        exception
            when sqlstate 'JB404' or sqlstate 'JB400' then
                items := items || row(v_request.task_id, v_request.queue_id, false, sqlerrm)::data.return_answer;
        end;
    end loop;
end;
$$;
