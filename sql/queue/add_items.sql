create or replace function queue.add_items(
    p_caller  auth.caller,
    p_items   data.new_item[],
    p_now     timestamptz,
    p_details text default null)
returns data.queue_item[]
language plpgsql volatile set search_path = ''
as $$
-- Queue items: whoever makes one, makes it here.
--
-- Arguments:
--   items    names resolved, rights and numbers checked; each brings a vault of its own, or refers to one that is there; what one
--            of them needs of the others stands before it
--   details  of their event CREATED
-- Returns:
--   the items, in the order in which they were given
-- Errors:
--   JB404  a queue, a machine or a needed item was deleted meanwhile
--   JB409  a needed item is FAILED or CANCELLED
--   JB421  a vault was sealed with a key that has ended
-- Rules:
--   An item whose time has not come, or that needs others, is held outside its lane.
declare
    v_limits          data.company_limits := queue.pass_gate(p_caller.company_id);
    v_counted_user_id bigint := case when num_nonnulls(v_limits.max_running, v_limits.max_running_per_user) > 0 then p_caller.user_id end;
    v_lane_user_id    bigint := case when v_limits.max_running_per_user is not null then p_caller.user_id end;
    v_ids             bigint[];
    v_vault_ids       bigint[];
    v_lane_ids        bigint[];
    v_lane_id         bigint;
    v_lane            record;
    v_place           bigint;
    v_open            integer[];
begin
    -- Each lane is looked for once, all in one order.
    for v_lane in
        select item.policy_id, item.machine_id, item.labels, array_agg(item.ordinality) as places
        from unnest(p_items) with ordinality as item
        group by item.policy_id, item.machine_id, item.labels
        order by item.policy_id, item.machine_id, item.labels
    loop
        v_lane_id := queue.lane_of(p_caller.company_id, v_lane.policy_id, v_lane.machine_id, v_lane.labels, v_lane_user_id);
        foreach v_place in array v_lane.places loop
            v_lane_ids[v_place] := v_lane_id;
        end loop;
    end loop;

    -- Numbers after lanes: whoever raises a lane's mark must not find a smaller one behind it (maintenance.raise_marks).
    v_ids := array(
        select nextval('data.queue_item_queue_id_seq')
        from generate_series(1, cardinality(p_items)));
    if exists (select from unnest(p_items) as item where item.needs is not null or item.needs_places is not null) then
        v_open := queue.count_needs(p_caller.company_id, p_items);
    end if;
    v_vault_ids := data.store_vaults(p_caller.company_id, array(select item.vault from unnest(p_items) as item), p_now);

    insert into data.queue_item (
        company_id, queue_id, task_id, team_id, policy_id, lane_id, machine_id, pooled, labels, priority, max_attempts, retries,
        timeout_seconds, backoff, metadata, request_vault_id, vault_queue_id, original_queue_id, schedule_id, tick_time,
        created_by, counted_user_id, created_time, ready_time, expires_time, held, run_anyway, open_dependency_count,
        flow_id, flow_task)
    overriding system value
    select p_caller.company_id, v_ids[item.ordinality], item.task_id, item.team_id, item.policy_id, v_lane_ids[item.ordinality],
           item.machine_id, item.machine_id is null, item.labels, item.priority, item.max_attempts, item.retries,
           item.timeout_seconds, item.backoff, item.metadata, coalesce(item.request_vault_id, v_vault_ids[item.ordinality]),
           item.vault_queue_id, item.original_queue_id, item.schedule_id, item.tick_time, p_caller.user_id,
           v_counted_user_id, p_now, coalesce(item.ready_time, p_now), item.expires_time,
           case when v_open[item.ordinality] > 0 then 'DEPENDENCY' when item.ready_time > p_now then 'TIME' end::data.hold,
           coalesce(item.run_anyway, false), coalesce(v_open[item.ordinality], 0), item.flow_id, item.flow_task
    from unnest(p_items) with ordinality as item;

    if v_open is not null then
        perform queue.keep_needs(p_caller.company_id, p_items, v_ids);
    end if;

    insert into data.queue_event (company_id, queue_id, event_time, event, attempt, actor, details)
    select p_caller.company_id, added.queue_id, p_now, 'CREATED', 0, p_caller.actor, p_details
    from unnest(v_ids) as added (queue_id);
    perform queue.tell_webhooks(p_caller.company_id, v_ids, 'CREATED', p_now);

    return array(
        select item
        from data.queue_item as item
        where item.company_id = p_caller.company_id
          and item.queue_id = any(v_ids)
        order by item.queue_id);
end;
$$;
