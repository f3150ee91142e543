create or replace function queue.look_of(p_item data.queue_item)
returns text
language sql stable set search_path = ''
as $$
-- A short text that is another after each change of an item's state or its progress; only to be compared.
select concat_ws(' ', p_item.status, p_item.held, p_item.progress, md5(p_item.metrics::text), (
    select event.event_id
    from data.queue_event as event
    where event.company_id = p_item.company_id
      and event.queue_id = p_item.queue_id
    order by event.event_id desc
    limit 1));
$$;
