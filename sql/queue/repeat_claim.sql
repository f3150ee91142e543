create or replace function queue.repeat_claim(
    p_caller      auth.caller,
    p_machine_ids bigint[],
    p_pool_ids    bigint[],
    p_request_id  text,
    p_claim_hash  bytea,
    p_now         timestamptz)
returns bigint[]
language plpgsql volatile set search_path = ''
as $$
-- The items of an earlier claim with this request id, whose answer was lost, under a new claim token.
--
-- Arguments:
--   machine_ids, pool_ids  as in queue.claim: what the caller may use now, whatever he could use then
-- Returns:
--   their queue ids; empty when there was no such claim or its first lease is over
-- Rules:
--   The earlier token is void: only one of the two answers can have arrived.
declare
    v_ids bigint[];
begin
    v_ids := array(
        select item.queue_id
        from (
            select claim.company_id, claim.queue_id, claim.claim_number
            from data.claim as claim
            where claim.company_id = p_caller.company_id
              and claim.token_id = p_caller.token_id
              and claim.request_id = p_request_id
              and claim.claimed_time + make_interval(secs => claim.lease_seconds) > p_now) as mine
        cross join lateral (
            select locked.queue_id
            from data.queue_item as locked
            where locked.company_id = mine.company_id
              and locked.queue_id = mine.queue_id
              and locked.claim_number = mine.claim_number
              -- Asked of the item, which is locked: a claim that ended while this waited for the lock still looks open here.
              and locked.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING')
              and locked.machine_id = any(p_machine_ids)
              and (not locked.pooled or locked.team_id = any(p_pool_ids))
            for update) as item);
    if cardinality(v_ids) = 0 then
        return v_ids;
    end if;

    update data.claim as claim
    set claim_hash = p_claim_hash
    from data.queue_item as item
    where claim.company_id = p_caller.company_id
      and claim.queue_id = any(v_ids)
      and claim.outcome is null
      and item.company_id = claim.company_id
      and item.queue_id = claim.queue_id
      and item.claim_number = claim.claim_number;
    return v_ids;
end;
$$;
