create or replace function queue.spend_tokens(
    p_company_id bigint,
    p_policy_ids bigint[],
    p_before     integer[],
    p_after      integer[],
    p_now        timestamptz)
returns void
language plpgsql volatile set search_path = ''
as $$
-- Take from the buckets of rate-limited queues, which are locked, what a claim has taken from their rooms.
--
-- A claim that waited for the lock may have read the clock before the one that had it: the bucket's time never goes back, or the
-- same moments would fill it twice.
begin
    for v_place in 1 .. coalesce(cardinality(p_policy_ids), 0) loop
        continue when p_after[v_place] is not distinct from p_before[v_place];
        update data.queue_policy as policy
        set tokens = queue.tokens_of(policy, p_now) - (p_before[v_place] - p_after[v_place]),
            tokens_time = greatest(p_now, policy.tokens_time)
        where policy.company_id = p_company_id
          and policy.policy_id = p_policy_ids[v_place]
          and policy.rate_per_second is not null;
    end loop;
end;
$$;
