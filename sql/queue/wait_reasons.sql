create or replace function queue.wait_reasons(p_item data.queue_item, p_now timestamptz)
returns data.wait_reason[]
language plpgsql stable set search_path = ''
as $$
-- Everything for which a PENDING item waits, the most decisive first; empty for one that does not wait.
--
-- Rules:
--   Any one of these keeps it from being handed out; without all of them the next claim takes it. BEHIND, at place 1, says that
--   only the claim is missing.
--   Nothing is counted further than a limit: the answer costs the same whatever waits.
declare
    c_shown   constant integer := 10;
    v_policy  data.queue_policy;
    v_place   data.item_place;
    v_open    jsonb;
    v_reasons data.wait_reason[];
begin
    if p_item.status <> 'PENDING' then
        return '{}';
    end if;

    select policy.*
    into v_policy
    from data.queue_policy as policy
    where policy.company_id = p_item.company_id
      and policy.policy_id = p_item.policy_id;
    v_reasons := queue.wait_reasons_of_takers(p_item, v_policy.queue_name, p_now)
        || queue.wait_reasons_of_limits(p_item, v_policy, p_now);

    if p_item.held = 'DEPENDENCY' then
        v_open := (
            select jsonb_agg(jsonb_build_object('queueId', needed.queue_id, 'taskId', needed.task_id, 'status', needed.status))
            from (
                select item.queue_id, item.task_id, item.status
                from data.dependency as need
                join data.queue_item as item on item.company_id = need.company_id and item.queue_id = need.needs_queue_id
                where need.company_id = p_item.company_id
                  and need.queue_id = p_item.queue_id
                  and item.finished_time is null
                order by item.queue_id
                limit c_shown) as needed);
        v_reasons := v_reasons || row('DEPENDENCY', format('it needs %s more to be finished first',
            data.counted(p_item.open_dependency_count, 'item')), p_item.created_time, null,
            jsonb_build_object('openCount', p_item.open_dependency_count, 'items', v_open))::data.wait_reason;
    end if;
    if p_item.held = 'TIME' or p_item.held is not null and p_item.ready_time > p_now then
        v_reasons := v_reasons || row(
            case when p_item.retry_count > 0 then 'RETRY_BACKOFF' else 'NOT_BEFORE' end,
            case
                when p_item.ready_time <= p_now then 'it is due, and comes into line at the next look at the clock'
                when p_item.retry_count > 0 then format('it failed, and is tried again later, retry %s of %s', p_item.retry_count,
                    p_item.retries)
                else 'it shall not be started earlier'
            end, null, p_item.ready_time, case
                when p_item.retry_count > 0 then jsonb_build_object('retriesUsed', p_item.retry_count, 'retries', p_item.retries)
            end)::data.wait_reason;
    end if;

    foreach v_place in array queue.place_in_line(p_item, p_now) loop
        if v_place.ahead_count > 0 or cardinality(v_reasons) = 0 then
            v_reasons := v_reasons || row('BEHIND', case
                when v_place.ahead_count = 0 then 'it is next: an agent has only to ask'
                when v_place.more_ahead then format('more than %s go before it', data.counted(v_place.ahead_count, 'item'))
                else format('%s before it', data.counted(v_place.ahead_count, 'item'))
            end, p_item.ready_time, null, jsonb_build_object('place', v_place.place, 'aheadCount', v_place.ahead_count,
                'moreAhead', v_place.more_ahead))::data.wait_reason;
        end if;
    end loop;
    return array(select named from unnest(v_reasons) as named order by named.code, named.reason);
end;
$$;
