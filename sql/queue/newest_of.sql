create or replace function queue.newest_of(p_company_id bigint, p_queue_id bigint)
returns bigint
language sql stable set search_path = ''
as $$
-- The newest of an item, its retries, their retries, and so on: the item that a chain of retries has come to.
with recursive chain as (
    select p_queue_id as queue_id
    union all
    select retry.queue_id
    from chain
    cross join lateral (
        select retried.queue_id
        from data.queue_item as retried
        where retried.company_id = p_company_id
          and retried.original_queue_id = chain.queue_id
        offset 0) as retry)

select max(chain.queue_id)
from chain;
$$;
