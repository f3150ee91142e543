create or replace function api.update_queue_item_heartbeat(
    p_queue_id      bigint default null,
    p_task_id       uuid default null,
    p_team_name     text default null,
    p_claim_token   data.claim_token default null,
    p_progress      data.fraction default null,
    p_lease_seconds data.lease_seconds default null,
    p_items         data.heartbeat[] default null,
    p_metrics       jsonb default null,
    out items             data.heartbeat_answer[],
    out drain             boolean,
    out heartbeat_seconds integer,
    out stop              boolean)
language plpgsql volatile security definer set search_path = ''
as $$
-- Say that jobs are still being worked on, and hear whether they should stop.
--
-- Callers: users, agents
-- Arguments:
--   queueId       one item, or
--   taskId        the same by its other name
--   teamName      if given, must be the item's team
--   claimToken    from the claim
--   progress      0 to 1
--   leaseSeconds  how long the claim holds from now, 5 to 86400; default: as long as before
--   items         instead: 1 to 1,000 objects with taskId or queueId, claimToken, progress, leaseSeconds and metrics
--   metrics       a JSON object of numbers, of at most 4 KiB: what the job counts, instead of what it has reported before
-- Returns:
--   1: a row per item: whether the claim still holds, until when, and whether a cancel was requested
--   drain: whether the agent should take no new work
--   heartbeatSeconds: how often a heartbeat is due
--   stop: whether the agent should end once nothing is in hand
-- Errors:
--   JB400  neither an item nor items, both, or not 1 to 1,000; metrics are no numbers or too long (in items the row says so)
--   JB403  the team named is not the caller's
--   JB404  the company has no such item, or it is not the caller's (one item only; in items the row says so)
--   JB409  the claim is late, or its token missing or wrong (one item only; in items the row says so)
-- Rules:
--   Progress and metrics are kept in the clear; what a job prints has its place in the response.
--   The first heartbeat makes the item PROCESSING.
--   A claim that the sweep has put back while nobody else claimed is renewed.
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_beat   data.heartbeat;
    v_answer data.heartbeat_answer;
    v_orders data.agent_orders;
begin
    if v_caller.user_id is null then
        v_orders := queue.orders_for(v_caller);
    end if;
    drain := coalesce(v_orders.drain, false);
    heartbeat_seconds := coalesce(v_orders.heartbeat_seconds, 10);
    stop := coalesce(v_orders.stop, false);

    if p_items is null then
        v_answer := queue.beat(v_caller, row(p_task_id, p_queue_id, p_claim_token, p_progress, p_lease_seconds,
            p_metrics)::data.heartbeat, p_team_name, v_now);
        if not v_answer.accepted then
            raise exception using errcode = 'JB409', message = v_answer.message;
        end if;
        items := array[v_answer];
        return;
    end if;

    if num_nonnulls(p_queue_id, p_task_id, p_claim_token) > 0 then
        raise exception using errcode = 'JB400', message = 'an item and items are both given: name one or the other';
    elsif cardinality(p_items) not between 1 and 1000 then
        raise exception using errcode = 'JB400', message = format('items holds %s: 1 to 1,000 in one call', cardinality(p_items));
    end if;

    -- Locked in one order, whichever name they come under, so that two calls cannot wait for each other.
    items := array[]::data.heartbeat_answer[];
    for v_beat in
        select beat.*
        from unnest(p_items) as beat
        order by coalesce(beat.queue_id, (
            select item.queue_id
            from data.queue_item as item
            where item.company_id = v_caller.company_id
              and item.task_id between beat.task_id and beat.task_id
            order by item.task_id
            limit 1))
    loop
        begin
            v_answer := queue.beat(v_caller, v_beat, null, v_now);
        exception
            when sqlstate 'JB404' or sqlstate 'JB400' then
                v_answer := row(v_beat.task_id, v_beat.queue_id, false, null, false, sqlerrm, null)::data.heartbeat_answer;
        end;
        items := items || v_answer;
    end loop;
end;
$$;
