create or replace function queue.complete(
    p_caller    auth.caller,
    p_item      data.queue_item,
    p_done      data.completion,
    p_now       timestamptz,
    out item            data.queue_item,
    out refused_status  integer,
    out refused_message text)
language plpgsql volatile set search_path = ''
as $$
-- Judge a completion, and finish the item with it.
--
-- Arguments:
--   item  locked
-- Returns:
--   item                             after the change
--   refused_status, refused_message  the claim is late: nothing of the item was changed, and what the worker brought is kept
-- Errors:
--   JB403, JB421  as auth.require_vault
--   JB409         the claim is not good, or was used for another answer
declare
    v_judged record := queue.judge_claim(p_caller, p_item, p_done.claim_token);
    v_claim  data.claim := v_judged.claim;
    v_status data.completion_status := coalesce(p_done.completion_status, 'SUCCESS');
    v_again  boolean := v_judged.verdict = 'late' and v_claim.claim_number = p_item.claim_number and v_claim.answer_status is not null;
begin
    item := p_item;
    if v_judged.verdict = 'good' and v_status = 'CANCELLED' and p_item.status <> 'CANCELLING' then
        raise exception using errcode = 'JB409', message = format(
            'queue item %s is %s: CANCELLED only confirms a cancel that was requested', p_item.queue_id, p_item.status);
    elsif v_judged.verdict = 'good' then
        item := queue.finish(p_caller, p_item, v_claim, v_status, p_done.response_vault, coalesce(p_done.retryable, true), p_now);
    elsif v_again and p_done.claim_token is null then
        raise exception using errcode = 'JB409', message = queue.explain_refusal(p_item, 'none');
    elsif v_again then
        -- A fingerprint is bound to the attempt: one made for another attempt proves nothing.
        perform queue.require_response_vault(p_item, v_claim, p_done.response_vault);
        if v_claim.answer_status <> v_status
           or data.is_another_text(v_claim.answer_fingerprint, data.fingerprint_of(p_done.response_vault)) then
            raise exception using errcode = 'JB409', message = format(
                'queue item %s was completed by this claim with another answer; nothing was changed', p_item.queue_id);
        end if;
    elsif v_judged.verdict = 'late' and p_item.status = 'PENDING' and p_done.claim_token is null then
        raise exception using errcode = 'JB409', message = queue.explain_refusal(p_item, 'none');
    elsif v_judged.verdict = 'late' then
        perform queue.keep_late_answer(p_caller, p_item, v_claim, p_done.response_vault, p_now);
        refused_status := 409;
        refused_message := queue.explain_refusal(p_item, 'late');
    else
        raise exception using errcode = 'JB409', message = queue.explain_refusal(p_item, v_judged.verdict);
    end if;
end;
$$;
