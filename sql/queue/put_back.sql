create or replace function queue.put_back(
    p_item    data.queue_item,
    p_outcome data.claim_outcome,
    p_actor   text,
    p_now     timestamptz,
    p_reason  text)
returns void
language plpgsql volatile set search_path = ''
as $$
-- End the last claim of an item without an answer, and make the item what follows.
--
-- Arguments:
--   item     locked; ASSIGNED, PROCESSING or CANCELLING; or PENDING since its claim was lost, and given back now
--   outcome  LOST: the lease ran out; RETURNED: the agent gave it back unharmed
-- Rules:
--   CANCELLING becomes CANCELLED: nobody is left to stop.
--   Attempts used up, or a crash in a queue that does not retry crashes: FAILED. Else PENDING, and clean: what the attempt had
--   answered stays with its claim.
--   An attempt is used by a claim that was lost after a sign of life. One without a sign is free, three times at most; one that
--   was given back is always free. Neither counts as a retry after a failure.
declare
    v_claim data.claim;
    v_free  boolean;
    v_crash boolean;
    v_next  data.queue_status;
    v_item  data.queue_item := p_item;
begin
    select claim.*
    into v_claim
    from data.claim as claim
    where claim.company_id = p_item.company_id
      and claim.queue_id = p_item.queue_id
      and claim.claim_number = p_item.claim_number;

    v_free := p_outcome = 'RETURNED' or v_claim.sign_time is null and p_item.silent_count < 3;
    v_crash := p_outcome = 'LOST' and v_claim.sign_time is not null and exists (
        select from data.queue_policy as policy
        where policy.company_id = p_item.company_id
          and policy.policy_id = p_item.policy_id
          and not policy.retry_on_crash);
    v_next := case
        when p_item.status = 'CANCELLING' then 'CANCELLED'
        when v_free or p_item.attempt < p_item.max_attempts and not v_crash then 'PENDING'
        else 'FAILED'
    end;

    update data.claim as claim
    set ended_time = p_now,
        outcome = p_outcome,
        response_vault_id = case when v_next = 'PENDING' then coalesce(p_item.response_vault_id, claim.response_vault_id) end
    where claim.company_id = v_claim.company_id
      and claim.queue_id = v_claim.queue_id
      and claim.claim_number = v_claim.claim_number;

    if v_free then
        v_item.attempt := v_claim.attempt - 1;
        v_item.silent_count := v_item.silent_count + (p_outcome = 'LOST')::integer;
    end if;
    if v_next = 'PENDING' then
        v_item := queue.wait_again(v_item, p_now, p_now);
        -- The event names the attempt that ended, whether or not it counts.
        v_item.attempt := v_claim.attempt;
        perform data.record_event(v_item, 'REQUEUED', p_actor, p_now, p_reason);
        return;
    end if;

    perform queue.end_unanswered(v_item, v_next, 'LOST', p_actor, p_now, p_reason);
end;
$$;
