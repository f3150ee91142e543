create or replace function queue.delete_hindrance(p_item data.queue_item)
returns text
language sql immutable
as $$
-- Why an item cannot be deleted; null: it can. Inlined, so it pins no search_path.
select case when (p_item).protected then format('queue item %s is protected', (p_item).queue_id) end
$$;
