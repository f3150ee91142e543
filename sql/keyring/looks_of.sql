create or replace function keyring.looks_of(p_keys text[])
returns table (
    key  text,
    look text)
language sql stable security definer set search_path = ''
as $$
-- How watched items look now: what the hub asks once a second of those that are watched in its process.
--
-- Arguments:
--   keys  of the hub, as queue.item_key makes them
-- Returns:
--   look  as queue.look_of; null: the item is deleted
select watched.key, its.look
from unnest(p_keys) as watched (key)
cross join lateral (
    select split_part(watched.key, ':', 2)::bigint as company_id, split_part(watched.key, ':', 3)::bigint as queue_id
    offset 0) as named
left join lateral (
    select queue.look_of(item) as look
    from data.queue_item as item
    where item.company_id = named.company_id
      and item.queue_id = named.queue_id
    offset 0) as its on true;
$$;
