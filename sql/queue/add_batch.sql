create or replace function queue.add_batch(
    p_caller          auth.caller,
    p_team            data.team,
    p_orders          data.batch_item[],
    p_flow_id         uuid,
    p_idempotency_key text,
    p_now             timestamptz,
    out queue_ids     bigint[],
    out wake          text[])
language plpgsql volatile set search_path = ''
as $$
-- Queue a batch of jobs: all of them, or none.
--
-- Arguments:
--   flow_id  of the flow that they make; null: they make none
-- Returns:
--   queue_ids  of the items, in the order of the batch; those that the same key and batch have made before, if there are any
--   wake       keys of the hub for those who may have passed by what the batch needs
-- Errors:
--   JB400  not 1 to 1,000 items; a name or taskId given twice; items that depend on themselves or each other; or whatever
--          queue.resolve_order refuses
--   JB404  the team has no such machine, queue or needed item
--   JB409  a taskId is taken; a needed item is FAILED or CANCELLED; the key was used with another batch
--   JB421  a vault was sealed for another machine
declare
    v_count  integer := coalesce(cardinality(p_orders), 0);
    v_new    data.new_item[];
    v_linked record;
    v_made   data.queue_item[];
begin
    if v_count not between 1 and 1000 then
        raise exception using errcode = 'JB400', message = format('items holds %s: 1 to 1,000 in one call', v_count);
    end if;

    v_new := queue.resolve_batch(p_caller, p_team, p_orders, p_flow_id, p_now);
    if p_idempotency_key is not null then
        queue_ids := queue.find_repeated_batch(p_caller, p_idempotency_key, p_team, p_orders, p_flow_id is not null, p_now);
    end if;
    if queue_ids is not null then
        return;
    end if;

    perform queue.require_free_task_ids(p_caller.company_id, p_orders);
    v_linked := queue.link_batch(p_caller, p_team, p_orders, v_new);
    v_made := queue.add_items(p_caller, v_linked.items, p_now);
    wake := queue.keys_of_needs(p_caller.company_id, array(
        select need
        from unnest(v_linked.items) as new
        cross join unnest(new.needs) as need));
    queue_ids := array(
        select made.queue_id
        from unnest(v_made) with ordinality as made
        order by v_linked.places[made.ordinality]);
    if p_idempotency_key is not null then
        update data.idempotency as kept
        set queue_id = queue_ids[1],
            batch_ids = queue_ids
        where kept.company_id = p_caller.company_id
          and kept.user_id = p_caller.user_id
          and kept.idempotency_key = p_idempotency_key;
    end if;
end;
$$;
