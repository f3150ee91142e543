create or replace function queue.delete_item(p_item data.queue_item, p_now timestamptz)
returns data.wake
language plpgsql volatile set search_path = ''
as $$
-- Delete an item with its vaults; a request vault that others refer to, retries or a schedule, goes with its last referrer.
--
-- Arguments:
--   item  locked
-- Returns:
--   who watches it, and who may take something now: what the item held up in its queue, or what runs anyway after it
declare
    v_root   bigint := coalesce(p_item.vault_queue_id, p_item.queue_id);
    v_vaults bigint[];
    v_shared boolean;
    v_ended  data.queue_item := p_item;
    v_wake   data.wake;
begin
    if p_item.finished_time is null then
        v_ended.status := 'CANCELLED';
        perform queue.tell_webhooks(p_item.company_id, array[p_item.queue_id], 'CANCELLED', p_now);
        perform queue.item_ended(v_ended, p_now);
        v_wake := queue.ended_keys(p_item, p_now);
    end if;

    -- Two referrers deleted at once meet here, so that the second sees that it is the last.
    perform from data.vault_record as stored
    where stored.company_id = p_item.company_id
      and stored.vault_record_id = p_item.request_vault_id
    for update;

    select array_agg(vault_record_id)
    into v_vaults
    from data.claim as claim
    cross join unnest(array[claim.response_vault_id, claim.late_vault_id]) as left_behind (vault_record_id)
    where claim.company_id = p_item.company_id
      and claim.queue_id = p_item.queue_id;
    v_vaults := v_vaults || p_item.response_vault_id;

    delete from data.queue_item as item
    where item.company_id = p_item.company_id
      and item.queue_id = p_item.queue_id;

    -- One index each: in one condition they would have the company's items read.
    v_shared := exists (
        select from data.queue_item as item
        where item.company_id = p_item.company_id
          and item.queue_id = v_root
          and item.request_vault_id = p_item.request_vault_id)
        or exists (
        select from data.queue_item as item
        where item.company_id = p_item.company_id
          and item.vault_queue_id = v_root
          and item.request_vault_id = p_item.request_vault_id);
    if p_item.schedule_id is not null then
        v_shared := v_shared or exists (
            select from data.schedule as schedule
            where schedule.company_id = p_item.company_id
              and schedule.schedule_id = p_item.schedule_id
              and schedule.vault_record_id = p_item.request_vault_id)
            or exists (
            select from data.queue_item as item
            where item.company_id = p_item.company_id
              and item.schedule_id = p_item.schedule_id
              and item.request_vault_id = p_item.request_vault_id);
    end if;
    if not v_shared then
        v_vaults := v_vaults || p_item.request_vault_id;
    end if;

    delete from data.vault_record as stored
    where stored.company_id = p_item.company_id
      and stored.vault_record_id = any(v_vaults);
    return queue.item_key(p_item.company_id, p_item.queue_id) || v_wake::text[];
end;
$$;
