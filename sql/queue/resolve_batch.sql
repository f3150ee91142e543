create or replace function queue.resolve_batch(
    p_caller  auth.caller,
    p_team    data.team,
    p_orders  data.batch_item[],
    p_flow_id uuid,
    p_now     timestamptz)
returns data.new_item[]
language plpgsql stable set search_path = ''
as $$
-- Check a batch of orders, and find the machines and queues that they name.
--
-- Arguments:
--   flow_id  of the flow that they make; null: they make none
-- Returns:
--   the items, in the order of the orders; their needs are still to be found
-- Errors:
--   JB400, JB404, JB421  as queue.resolve_order; each names the order by its place and name
-- Rules:
--   Orders that differ in name, taskId, job, metadata and needs only are resolved once.
declare
    v_order record;
    v_shape jsonb;
    v_first data.new_item;                                    -- of the orders of this shape
    v_item  data.new_item;
    v_items data.new_item[] := array_fill(null::data.new_item, array[cardinality(p_orders)]);
    v_place text;
    v_missing boolean;
begin
    for v_order in
        select given.ordinality as place, given.name, given.metadata, coalesce(given.task_id, (given.queue_vault).owner_id) as task_id,
               given.queue_vault as vault,
               jsonb_build_array(lower(given.machine_name), lower(given.queue_name), given.labels, given.priority, given.max_attempts,
                   given.retries, given.timeout_seconds, given.backoff, given.not_before, given.expires_after_seconds,
                   given.run_anyway) as shape,
               row(given.machine_name, given.queue_name, given.labels, given.queue_vault, given.priority, given.max_attempts,
                   given.retries, given.timeout_seconds, given.backoff, given.not_before, given.expires_after_seconds,
                   given.metadata, given.task_id, given.run_anyway)::data.item_order as wanted
        from unnest(p_orders) with ordinality as given
        order by shape, place
    loop
        v_place := queue.batch_place(v_order.place, v_order.name);
        begin
            if v_shape is distinct from v_order.shape then
                v_first := queue.resolve_order(p_caller, p_team, v_order.wanted, p_now);
                v_shape := v_order.shape;
            else
                if v_order.metadata is not null then
                    perform queue.require_metadata(v_order.metadata);
                end if;
                perform auth.require_vault(v_order.vault, (v_first.vault).scope_kind, (v_first.vault).scope_id, v_order.task_id, 0,
                    'request');
            end if;
        exception when others then
            if sqlstate not like 'JB%' then
                raise;
            end if;
            v_missing := v_order.vault is null and sqlstate = 'JB403' and p_caller.token_id is not null;
            raise exception using errcode = case when v_missing then 'JB400' else sqlstate end,
                message = v_place || ': ' || case when v_missing then 'queueVault is missing' else sqlerrm end;
        end;
        v_item := v_first;
        v_item.task_id := v_order.task_id;
        v_item.metadata := v_order.metadata;
        v_item.vault := v_order.vault;
        v_item.batch_place := v_place;
        if p_flow_id is not null then
            v_item.flow_id := p_flow_id;
            v_item.flow_task := v_order.name;
        end if;
        v_items[v_order.place] := v_item;
    end loop;

    return v_items;
end;
$$;
