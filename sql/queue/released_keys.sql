create or replace function queue.released_keys(p_company_id bigint, p_queue_ids bigint[], p_now timestamptz)
returns text[]
language sql stable set search_path = ''
as $$
-- Keys of the hub for those who may take what the end of these items has released at this time.
select array(
    select distinct coalesce('machine:' || released.machine_id, 'pool:' || released.team_id)
    from unnest(p_queue_ids) as needed (queue_id)
    cross join lateral (
        select dependency.queue_id
        from data.dependency as dependency
        where dependency.company_id = p_company_id
          and dependency.needs_queue_id = needed.queue_id
        offset 0) as dependant
    cross join lateral (
        select item.machine_id, item.team_id, item.status, item.held, item.ready_time
        from data.queue_item as item
        where item.company_id = p_company_id
          and item.queue_id = dependant.queue_id
        offset 0) as released
    where released.status = 'PENDING'
      and released.held is null
      and released.ready_time = p_now);
$$;
