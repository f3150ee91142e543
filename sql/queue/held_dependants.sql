create or replace function queue.held_dependants(p_company_id bigint, p_queue_ids bigint[])
returns bigint[]
language sql stable set search_path = ''
as $$
-- The items that wait for these, one time for each that they wait for, in ascending order.
-- One by one: as plain joins, planned on few rows, these read every dependency of the company.
select array(
    select waiting.queue_id
    from unnest(p_queue_ids) as needed (queue_id)
    cross join lateral (
        select dependency.queue_id
        from data.dependency as dependency
        where dependency.company_id = p_company_id
          and dependency.needs_queue_id = needed.queue_id
        offset 0) as dependant
    cross join lateral (
        select item.queue_id, item.status, item.held
        from data.queue_item as item
        where item.company_id = p_company_id
          and item.queue_id = dependant.queue_id
        offset 0) as waiting
    -- Judged out here: as conditions in there they would allow a whole partial index to be read.
    where waiting.status = 'PENDING'
      and waiting.held = 'DEPENDENCY'
    order by waiting.queue_id);
$$;
