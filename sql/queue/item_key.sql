create or replace function queue.item_key(p_company_id bigint, p_queue_id bigint)
returns text
language sql immutable
as $$
-- Key of the hub for those who watch an item. Inlined, so it pins no search_path.
select 'item:' || p_company_id || ':' || p_queue_id
$$;
