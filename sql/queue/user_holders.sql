create or replace function queue.user_holders(p_company_id bigint, p_user_id bigint, p_at_most integer)
returns bigint[]
language sql stable set search_path = ''
as $$
-- The items of a user, whatever their team, that agents have in hand, at most so many; null: none are looked for.
select array(
    select item.queue_id
    from data.queue_item as item
    where item.company_id = p_company_id
      and item.counted_user_id = p_user_id
      and item.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING')
    limit coalesce(p_at_most, 0));
$$;
