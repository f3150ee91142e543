create or replace function queue.chain_to(p_company_id bigint, p_first_id bigint, p_last_id bigint)
returns bigint[]
language sql stable set search_path = ''
as $$
-- From an item through its retries to one of them: what retried what, oldest first.
with recursive chain as (
    select p_last_id as queue_id
    union all
    select its.original_queue_id
    from chain
    cross join lateral (
        select item.original_queue_id
        from data.queue_item as item
        where item.company_id = p_company_id
          and item.queue_id = chain.queue_id
        offset 0) as its
    where chain.queue_id <> p_first_id
      and its.original_queue_id >= p_first_id)

select array(
    select chain.queue_id
    from chain
    order by chain.queue_id);
$$;
