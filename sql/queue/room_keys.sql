create or replace function queue.room_keys(p_item data.queue_item)
returns data.wake
language sql stable set search_path = ''
as $$
-- Keys of the hub for those who may have waited for the room that an item leaves with its agent's hands.
--
-- Arguments:
--   item  as it was before; one that was in nobody's hands leaves no room
select case when p_item.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING') then
    queue.policy_room_keys(p_item.company_id, array[p_item.policy_id]) end::data.wake;
$$;
