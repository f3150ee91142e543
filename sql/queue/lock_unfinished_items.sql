create or replace function queue.lock_unfinished_items(p_company_id bigint, p_machine_id bigint)
returns void
language plpgsql volatile set search_path = ''
as $$
-- Wait for the claims of a machine's items that are under way, and let no other begin. The caller has locked the machine, so
-- that nothing is queued for it.
begin
    perform from data.queue_item as item
    where item.company_id = p_company_id
      and item.machine_id = p_machine_id
      and item.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING')
    order by item.queue_id
    for update;

    perform from data.queue_item as item
    where item.company_id = p_company_id
      and item.machine_id = p_machine_id
      and item.status = 'PENDING'
    order by item.queue_id
    for update;
end;
$$;
