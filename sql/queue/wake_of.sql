create or replace function queue.wake_of(p_item data.queue_item)
returns data.wake
language sql immutable
as $$
-- Keys of the hub for those who may take an item that has come into its lane. Inlined, so it pins no search_path.
select case when (p_item).status = 'PENDING' and (p_item).held is null
    then array[coalesce('machine:' || (p_item).machine_id, 'pool:' || (p_item).team_id)] end::data.wake
$$;
