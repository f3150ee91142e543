create or replace function queue.count_down(p_company_id bigint, p_queue_ids bigint[], p_now timestamptz)
returns void
language plpgsql volatile set search_path = ''
as $$
-- Needs of these items are done: let those run whose last one it was.
--
-- Arguments:
--   queue_ids  locked; an item stands here once for each need that is done
-- Rules:
--   Who waits for nothing else goes into his lane, ready from now on; or is held until his time has come.
declare
    v_ids      bigint[];                                      -- those that still wait,
    v_counts   integer[];                                     -- and how many needs of each are done
    v_released bigint[];
begin
    select array_agg(waiting.queue_id), array_agg(waiting.count),
           array_agg(waiting.queue_id) filter (where waiting.count >= waiting.open_dependency_count)
    into v_ids, v_counts, v_released
    from (
        select done.queue_id, done.count, item.status, item.held, item.open_dependency_count
        from (select id as queue_id, count(*)::integer as count from unnest(p_queue_ids) as id group by id) as done
        cross join lateral (
            select found.status, found.held, found.open_dependency_count
            from data.queue_item as found
            where found.company_id = p_company_id
              and found.queue_id = done.queue_id
            offset 0) as item) as waiting
    where waiting.status = 'PENDING'
      and waiting.held = 'DEPENDENCY';
    if v_ids is null then
        return;
    end if;

    perform queue.enter_lanes(p_company_id, v_released);
    update data.queue_item as item
    set open_dependency_count = item.open_dependency_count - v_counts[array_position(v_ids, item.queue_id)],
        held = case
            when array_position(v_released, item.queue_id) is null then 'DEPENDENCY'
            when item.ready_time > p_now then 'TIME'
        end::data.hold,
        ready_time = case
            when array_position(v_released, item.queue_id) is null then item.ready_time
            else greatest(item.ready_time, p_now)
        end,
        -- How long it may wait counts from when it is due.
        expires_time = case
            when array_position(v_released, item.queue_id) is null then item.expires_time
            else item.expires_time + (greatest(item.ready_time, p_now) - item.ready_time)
        end
    where item.company_id = p_company_id
      and item.queue_id = any(v_ids);

    insert into data.queue_event (company_id, queue_id, event_time, event, attempt, actor, details)
    select p_company_id, released.queue_id, p_now, 'RELEASED', 0, 'broker', 'all that it depends on is done'
    from unnest(v_released) as released (queue_id);
end;
$$;
