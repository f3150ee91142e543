create or replace function queue.release_dependants(p_company_id bigint, p_queue_ids bigint[], p_now timestamptz)
returns void
language plpgsql volatile set search_path = ''
as $$
-- These items are COMPLETED: let those run whose last need was among them.
declare
    v_waiting bigint[] := queue.held_dependants(p_company_id, p_queue_ids);
begin
    perform from data.queue_item as item
    where item.company_id = p_company_id
      and item.queue_id = any(v_waiting)
    order by item.queue_id
    for update;
    perform queue.count_down(p_company_id, v_waiting, p_now);
end;
$$;
