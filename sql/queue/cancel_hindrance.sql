create or replace function queue.cancel_hindrance(p_item data.queue_item, p_force boolean)
returns text
language sql immutable
as $$
-- Why an item cannot be cancelled now; null: it can. Inlined, so it pins no search_path.
select case when not ((p_item).status in ('PENDING', 'ASSIGNED') or p_force and (p_item).status = 'PROCESSING')
    then format('queue item %s is %s', (p_item).queue_id, (p_item).status) end
$$;
