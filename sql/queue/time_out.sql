create or replace function queue.time_out(p_item data.queue_item, p_now timestamptz)
returns void
language plpgsql volatile set search_path = ''
as $$
-- End an attempt that has outlived its timeout, in its agent's place.
--
-- Arguments:
--   item  locked; PROCESSING or CANCELLING
-- Rules:
--   What the attempt had answered stays with its claim when it is tried again, else with the item.
declare
    v_again boolean := queue.may_retry(p_item);
begin
    update data.claim as claim
    set ended_time = p_now,
        outcome = case when p_item.status = 'CANCELLING' then 'CANCELLED' else 'FAILED' end::data.claim_outcome,
        failure_reason = case when p_item.status <> 'CANCELLING' then 'TIMEOUT'::data.failure_reason end,
        response_vault_id = case when v_again then p_item.response_vault_id end
    where claim.company_id = p_item.company_id
      and claim.queue_id = p_item.queue_id
      and claim.claim_number = p_item.claim_number;

    if v_again then
        perform queue.retry_later(p_item, 'broker', p_now, 'TIMEOUT');
    else
        perform queue.end_unanswered(p_item, case when p_item.status = 'CANCELLING' then 'CANCELLED' else 'FAILED' end::data.queue_status,
            'TIMEOUT', 'broker', p_now, format('TIMEOUT: attempt %s ran longer than %s s', p_item.attempt, p_item.timeout_seconds));
    end if;
end;
$$;
