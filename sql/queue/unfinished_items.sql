create or replace function queue.unfinished_items(
    p_company_id bigint,
    p_machine_id bigint,
    out waiting  bigint,
    out in_hand  bigint)
language plpgsql stable set search_path = ''
as $$
-- How many items of a machine are not finished: those that wait, and those that an agent has in hand.
begin
    waiting := (
        select count(*)
        from data.queue_item as item
        where item.company_id = p_company_id
          and item.machine_id = p_machine_id
          and item.status = 'PENDING');
    in_hand := (
        select count(*)
        from data.queue_item as item
        where item.company_id = p_company_id
          and item.machine_id = p_machine_id
          and item.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING'));
end;
$$;
