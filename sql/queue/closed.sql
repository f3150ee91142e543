create or replace function queue.closed(p_policy data.queue_policy, p_now timestamptz)
returns boolean
language plpgsql stable set search_path = ''
as $$
-- Whether a queue lets no item start now: it is paused, as many as it allows run, or its bucket is empty.
begin
    return p_policy.paused_time is not null
        or coalesce(queue.tokens_of(p_policy, p_now) < 1, false)
        or coalesce(cardinality(queue.holders(p_policy.company_id, p_policy.policy_id, p_policy.concurrency)) >= p_policy.concurrency,
                    false);
end;
$$;
