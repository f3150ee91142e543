create or replace function queue.may_retry(p_item data.queue_item)
returns boolean
language sql immutable
as $$
-- Whether an item whose last attempt has failed is tried again: not while it is being cancelled, and only while retries and
-- attempts are left. Inlined, so it pins no search_path.
select (p_item).status <> 'CANCELLING'
    and (p_item).retry_count < (p_item).retries
    and (p_item).attempt < (p_item).max_attempts;
$$;
