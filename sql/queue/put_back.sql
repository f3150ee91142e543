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
--   Attempts used up: FAILED. Else PENDING, and clean: what the attempt had answered stays with its claim.
--   An attempt is used by a claim that was lost after a sign of life. One without a sign is free, three times at most; one that
--   was given back is always free.
declare
    v_claim data.claim;
    v_free  boolean;
    v_next  data.queue_status;
    v_item  data.queue_item;
begin
    select claim.*
    into v_claim
    from data.claim as claim
    where claim.company_id = p_item.company_id
      and claim.queue_id = p_item.queue_id
      and claim.claim_number = p_item.claim_number;

    v_free := p_outcome = 'RETURNED' or v_claim.sign_time is null and p_item.silent_count < 3;
    v_next := case
        when p_item.status = 'CANCELLING' then 'CANCELLED'
        when v_free or p_item.attempt < p_item.max_attempts then 'PENDING'
        else 'FAILED'
    end;

    update data.claim as claim
    set ended_time = p_now,
        outcome = p_outcome,
        response_vault_id = case when v_next = 'PENDING' then coalesce(p_item.response_vault_id, claim.response_vault_id) end
    where claim.company_id = v_claim.company_id
      and claim.queue_id = v_claim.queue_id
      and claim.claim_number = v_claim.claim_number;

    update data.queue_item as item
    set status = v_next,
        attempt = case when v_free then v_claim.attempt - 1 else item.attempt end,
        silent_count = case when v_free and p_outcome = 'LOST' then item.silent_count + 1 else item.silent_count end,
        response_vault_id = case when v_next = 'PENDING' then null else item.response_vault_id end,
        machine_id = case when v_next = 'PENDING' and item.pooled then null else item.machine_id end,
        progress = case when v_next = 'PENDING' then null else item.progress end,
        ready_time = case when v_next = 'PENDING' then p_now else item.ready_time end,
        assigned_time = case when v_next = 'PENDING' then null else item.assigned_time end,
        started_time = case when v_next = 'PENDING' then null else item.started_time end,
        lease_seconds = null,
        lease_until = null,
        deadline_time = null,
        stale_time = null,
        finished_time = case when v_next <> 'PENDING' then p_now end,
        completion_status = case when v_next = 'FAILED' then 'FAILED'::data.completion_status end,
        failure_reason = case when v_next = 'FAILED' then 'LOST'::data.failure_reason end
    where item.company_id = p_item.company_id
      and item.queue_id = p_item.queue_id
    returning item.* into v_item;

    -- The event names the attempt that ended, whether or not it counts.
    v_item.attempt := v_claim.attempt;
    perform data.record_event(v_item,
        case v_next when 'PENDING' then 'REQUEUED' when 'FAILED' then 'FAILED' else 'CANCELLED' end::data.event_kind,
        p_actor, p_now, p_reason);
    if v_next <> 'PENDING' then
        perform queue.item_ended(v_item, p_now);
    end if;
end;
$$;
