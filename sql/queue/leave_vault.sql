create or replace function queue.leave_vault(p_schedule data.schedule)
returns void
language plpgsql volatile set search_path = ''
as $$
-- Delete the vault that a schedule has just left, unless items still refer to it: then it goes with the last of them.
--
-- Arguments:
--   schedule  locked; as it was before it left its vault
begin
    -- Whoever deletes one of its items meets us here, so that the second sees that he is the last.
    perform from data.vault_record as stored
    where stored.company_id = p_schedule.company_id
      and stored.vault_record_id = p_schedule.vault_record_id
    for update;

    delete from data.vault_record as stored
    where stored.company_id = p_schedule.company_id
      and stored.vault_record_id = p_schedule.vault_record_id
      and not exists (
          select from data.queue_item as item
          where item.company_id = p_schedule.company_id
            and item.schedule_id = p_schedule.schedule_id
            and item.request_vault_id = p_schedule.vault_record_id);
end;
$$;
