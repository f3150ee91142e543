create or replace function keyring.fail_unreadable(p_queue_id bigint, p_claim_hash bytea)
returns void
language plpgsql volatile security definer set search_path = ''
as $$
-- End an item whose request vault the broker could not open right after it was claimed: nobody can ever run it.
--
-- Arguments:
--   claim_hash  of the claim just made: proof that the broker speaks of its own claim
-- Rules:
--   FAILED with reason VAULT_UNREADABLE; an event says so.
declare
    v_now    timestamptz := data.clock();
    v_caller auth.caller := auth.identify_settled();
    v_item   data.queue_item := auth.require_item(v_caller, p_queue_id, null, null);
    v_judged record;
begin
    v_judged := queue.judge_claim(v_caller, v_item, p_claim_hash);
    if v_judged.verdict <> 'good' then
        return;
    end if;

    update data.claim as claim
    set ended_time = v_now,
        outcome = 'FAILED',
        failure_reason = 'VAULT_UNREADABLE'
    where claim.company_id = v_item.company_id
      and claim.queue_id = v_item.queue_id
      and claim.claim_number = v_item.claim_number;

    update data.queue_item as item
    set status = 'FAILED',
        lease_seconds = null,
        lease_until = null,
        deadline_time = null,
        finished_time = v_now,
        completion_status = 'FAILED',
        failure_reason = 'VAULT_UNREADABLE',
        retryable = false
    where item.company_id = v_item.company_id
      and item.queue_id = v_item.queue_id
    returning item.* into v_item;

    perform data.record_event(v_item, 'VAULT_UNREADABLE', 'broker', v_now, 'the request vault does not open');
    perform data.record_event(v_item, 'FAILED', 'broker', v_now, 'VAULT_UNREADABLE');
    perform queue.item_ended(v_item, v_now);
end;
$$;
