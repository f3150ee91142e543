create or replace function queue.keep_late_answer(
    p_caller auth.caller,
    p_item   data.queue_item,
    p_claim  data.claim,
    p_vault  data.vault,
    p_now    timestamptz)
returns void
language plpgsql volatile set search_path = ''
as $$
-- Keep what a late worker brought, sealed and beside the item, and say so in its trace. The item itself does not change.
--
-- Errors:
--   JB403, JB421  as auth.require_vault
declare
    v_late_vault_id bigint := p_claim.late_vault_id;
begin
    perform queue.require_response_vault(p_item, p_claim, p_vault);

    if v_late_vault_id is null then
        v_late_vault_id := data.store_vault(p_item.company_id, p_vault, p_now);
    else
        perform data.replace_vault(p_item.company_id, v_late_vault_id, p_vault, p_now);
    end if;
    update data.claim as claim
    set late_vault_id = v_late_vault_id
    where claim.company_id = p_claim.company_id
      and claim.queue_id = p_claim.queue_id
      and claim.claim_number = p_claim.claim_number;
    perform data.record_event(p_item, 'LATE_COMPLETION', p_caller.actor, p_now,
        format('answer of attempt %s refused and kept beside the item', p_claim.attempt));
end;
$$;
