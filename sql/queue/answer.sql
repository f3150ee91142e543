create or replace function queue.answer(
    p_item     data.queue_item,
    p_claim    data.claim,
    p_vault    data.vault,
    p_now      timestamptz,
    out vault_record_id bigint,
    out version         integer)
language plpgsql volatile set search_path = ''
as $$
-- Keep the response of a claim: the first one, or over an earlier one of the same attempt.
--
-- Errors:
--   JB403, JB421  as auth.require_vault
begin
    perform queue.require_response_vault(p_item, p_claim, p_vault);

    vault_record_id := p_item.response_vault_id;
    if vault_record_id is null then
        vault_record_id := data.store_vault(p_item.company_id, p_vault, p_now);
        version := 1;
    else
        version := data.replace_vault(p_item.company_id, vault_record_id, p_vault, p_now);
    end if;
end;
$$;
