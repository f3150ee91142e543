create or replace function queue.require_response_vault(p_item data.queue_item, p_claim data.claim, p_vault data.vault)
returns void
language plpgsql stable set search_path = ''
as $$
-- A response is sealed for its item, the attempt of its claim, and the item's machine.
--
-- Errors:
--   JB403, JB421  as auth.require_vault
declare
    v_machine_uuid uuid;
begin
    select machine.machine_uuid
    into v_machine_uuid
    from data.machine as machine
    where machine.company_id = p_item.company_id
      and machine.machine_id = p_item.machine_id;
    perform auth.require_vault(p_vault, 'machine', v_machine_uuid, p_item.task_id, p_claim.attempt, 'response');
end;
$$;
