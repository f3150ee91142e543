create or replace function queue.require_response_vault(p_item data.queue_item, p_claim data.claim, p_vault data.vault)
returns void
language plpgsql stable set search_path = ''
as $$
-- A response is sealed for its item, the attempt of its claim, and the item's machine or pool.
--
-- Errors:
--   JB403, JB421  as auth.require_vault
declare
    v_scope record := queue.scope_of(p_item);
begin
    perform auth.require_vault(p_vault, v_scope.scope_kind, v_scope.scope_id, p_item.task_id, p_claim.attempt, 'response');
end;
$$;
