create or replace function queue.finish(
    p_caller    auth.caller,
    p_item      data.queue_item,
    p_claim     data.claim,
    p_status    data.completion_status,
    p_vault     data.vault,
    p_retryable boolean,
    p_now       timestamptz)
returns data.queue_item
language plpgsql volatile set search_path = ''
as $$
-- End a good claim with its answer, and the item with it, unless it is tried again.
--
-- Arguments:
--   item, claim  locked, and judged good
--   status       as reported; CANCELLED only while the item is CANCELLING
-- Returns:
--   the item after the change
-- Rules:
--   SUCCESS and PARTIAL end in COMPLETED, also while CANCELLING; FAILED ends in FAILED, while CANCELLING in CANCELLED.
--   FAILED, unless it is reported as not retryable, is PENDING again after the backoff while retries are left; the answer of the
--   attempt stays with its claim.
declare
    v_item  data.queue_item := p_item;
    v_next  data.claim_outcome := case
        when p_status in ('SUCCESS', 'PARTIAL') then 'COMPLETED'
        when p_item.status = 'CANCELLING' then 'CANCELLED'
        else 'FAILED'
    end;
    v_again boolean;
    v_kept  record;
begin
    -- Taken up again after the sweep: what the attempt had answered before goes on with it.
    v_item.response_vault_id := coalesce(v_item.response_vault_id, p_claim.response_vault_id);
    v_item.attempt := p_claim.attempt;
    v_again := v_next = 'FAILED' and p_retryable is not false and queue.may_retry(v_item);
    v_kept := queue.answer(v_item, p_claim, p_vault, p_now);

    update data.claim as claim
    set ended_time = p_now,
        outcome = v_next,
        failure_reason = case when v_next = 'FAILED' then 'REPORTED'::data.failure_reason end,
        sign_time = coalesce(claim.sign_time, p_now),
        answer_status = p_status,
        answer_fingerprint = data.fingerprint_of(p_vault),
        response_vault_id = case when v_again then v_kept.vault_record_id end
    where claim.company_id = p_claim.company_id
      and claim.queue_id = p_claim.queue_id
      and claim.claim_number = p_claim.claim_number;

    if v_again then
        return queue.retry_later(v_item, p_caller.actor, p_now, 'REPORTED');
    end if;

    update data.queue_item as item
    set status = v_next::text::data.queue_status,
        attempt = p_claim.attempt,
        response_vault_id = v_kept.vault_record_id,
        assigned_time = coalesce(item.assigned_time, p_claim.claimed_time),
        machine_id = coalesce(item.machine_id, p_claim.machine_id),
        started_time = coalesce(item.started_time, item.assigned_time, p_claim.claimed_time),
        last_heartbeat_time = p_now,
        lease_seconds = null,
        lease_until = null,
        deadline_time = null,
        stale_time = null,
        finished_time = p_now,
        completion_status = case when v_next <> 'CANCELLED' then p_status end,
        failure_reason = case when v_next = 'FAILED' then 'REPORTED'::data.failure_reason end,
        retryable = p_retryable
    where item.company_id = p_item.company_id
      and item.queue_id = p_item.queue_id
    returning item.* into v_item;

    perform data.record_event(v_item, v_next::text::data.event_kind, p_caller.actor, p_now,
        case when v_next = 'COMPLETED' then p_status::text end);
    perform queue.item_ended(v_item, p_now);
    return v_item;
end;
$$;
