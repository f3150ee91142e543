create or replace function queue.ended_keys(p_item data.queue_item, p_now timestamptz)
returns data.wake
language sql stable set search_path = ''
as $$
-- Keys of the hub for those who may take something now that an item has ended at this time: what it held up in its queue, or what
-- runs anyway after it.
--
-- Arguments:
--   item  as it was before
select (coalesce(queue.room_keys(p_item), '{}') || case
    when p_item.has_dependants then queue.released_keys(p_item.company_id, array[p_item.queue_id], p_now) end)::data.wake;
$$;
