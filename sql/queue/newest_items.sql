create or replace function queue.newest_items(
    p_company_id bigint,
    p_policy_ids bigint[],
    p_at_most    integer)
returns table (queue_id bigint)
language sql stable set search_path = '' set enable_sort = off
as $$
-- The newest items of queues, of each at most so many, in no order among the queues.
--
-- Queue by queue, as a range in an order that only the index of queues gives, and nothing may be sorted: an equality could be read
-- from the primary key, past the items of every other queue.
select newest.queue_id
from unnest(p_policy_ids) as its (policy_id)
cross join lateral (
    select item.queue_id
    from data.queue_item as item
    where item.company_id = p_company_id
      and item.policy_id between its.policy_id and its.policy_id
    order by item.policy_id, item.queue_id desc
    limit p_at_most) as newest;
$$;
