create or replace function queue.keys_of_needs(p_company_id bigint, p_queue_ids bigint[])
returns text[]
language plpgsql stable set search_path = ''
as $$
-- Keys of the hub for those who may take the waiting ones among these items: while they were locked, because a new item depends on
-- them, a claim has passed them by. Null when there are none.
begin
    if coalesce(cardinality(p_queue_ids), 0) = 0 then
        return null;
    end if;
    return (
        select array_agg(distinct needed.wake)
        from (
            select unnest(queue.wake_of(item)) as wake
            from data.queue_item as item
            where item.company_id = p_company_id
              and item.queue_id = any(p_queue_ids)
            offset 0) as needed);
end;
$$;
