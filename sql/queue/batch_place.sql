create or replace function queue.batch_place(p_place bigint, p_name text)
returns text
language sql immutable
as $$
-- What messages call an item of a batch: its place in the list, counted as JSON does, and its name. Inlined: no search_path.
select 'items[' || p_place - 1 || ']' || coalesce(' (' || left(p_name, 100) || ')', '')
$$;
