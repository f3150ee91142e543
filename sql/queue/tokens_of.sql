create or replace function queue.tokens_of(p_policy data.queue_policy, p_now timestamptz)
returns double precision
language sql immutable
as $$
-- What the bucket of a queue holds now: it fills continuously, up to its burst. Inlined, so it pins no search_path.
select least((p_policy).rate_burst,
    coalesce((p_policy).tokens, (p_policy).rate_burst)
    + (p_policy).rate_per_second * greatest(0, extract(epoch from p_now - coalesce((p_policy).tokens_time, p_now))))
$$;
