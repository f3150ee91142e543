create or replace function api.delete_queue_item(
    p_queue_id  bigint default null,
    p_task_id   uuid default null,
    p_team_name text default null)
returns table (
    queue_id bigint,
    task_id  uuid,
    result   text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Remove a queue item and its vaults, whatever its state.
--
-- Callers: users
-- Arguments:
--   queueId   item to delete, or
--   taskId    the same by its other name
--   teamName  if given, must be the item's team
-- Returns:
--   1: what was deleted, one row
-- Errors:
--   JB400  neither queueId nor taskId is given
--   JB403  the team named is not the caller's
--   JB404  the company has no such item, it is not of that team, or not the caller's
-- Rules:
--   The requesting user must be a member of the specified team.
--   Both the request vault and the response vault are deleted; a request vault that a retry shares goes with its last referrer.
--   A running agent hears of it at its next heartbeat.
declare
    v_caller auth.caller := auth.enter_call();
    v_item   data.queue_item := auth.require_item(v_caller, p_queue_id, p_task_id, p_team_name);
    v_root   bigint := coalesce(v_item.vault_queue_id, v_item.queue_id);
    v_vaults bigint[];
begin
    if v_item.finished_time is null then
        v_item.status := 'CANCELLED';
        perform queue.item_ended(v_item, data.clock());
    end if;

    -- Two referrers deleted at once meet here, so that the second sees that it is the last.
    perform from data.vault_record as stored
    where stored.company_id = v_item.company_id
      and stored.vault_record_id = v_item.request_vault_id
    for update;

    select array_agg(vault_record_id)
    into v_vaults
    from data.claim as claim
    cross join unnest(array[claim.response_vault_id, claim.late_vault_id]) as left_behind (vault_record_id)
    where claim.company_id = v_item.company_id
      and claim.queue_id = v_item.queue_id;
    v_vaults := v_vaults || v_item.response_vault_id;

    delete from data.queue_item as item
    where item.company_id = v_item.company_id
      and item.queue_id = v_item.queue_id;

    if not exists (
        select from data.queue_item as item
        where item.company_id = v_item.company_id
          and (item.queue_id = v_root or item.vault_queue_id = v_root)
          and item.request_vault_id = v_item.request_vault_id) then
        v_vaults := v_vaults || v_item.request_vault_id;
    end if;

    delete from data.vault_record as stored
    where stored.company_id = v_item.company_id
      and stored.vault_record_id = any(v_vaults);

    return query
    select v_item.queue_id, v_item.task_id, 'deleted'::text;
end;
$$;
