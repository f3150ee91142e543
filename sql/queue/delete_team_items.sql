create or replace function queue.delete_team_items(p_company_id bigint, p_team_id bigint)
returns bigint
language plpgsql volatile set search_path = ''
as $$
-- Delete the items of a team that has no machine left, all of which are finished, and its schedules, with their vaults.
--
-- Returns:
--   how many items
declare
    v_schedule data.schedule;
    v_count    bigint;
begin
    -- First, so that no tick comes in between.
    for v_schedule in
        delete from data.schedule as schedule
        where schedule.company_id = p_company_id
          and schedule.team_id = p_team_id
        returning schedule.*
    loop
        perform queue.leave_vault(v_schedule);
    end loop;

    -- Locked: a late answer that comes right now keeps a vault beside its item.
    perform from data.queue_item as item
    where item.company_id = p_company_id
      and item.team_id = p_team_id
    order by item.queue_id
    for update;

    delete from data.vault_record as stored
    where stored.company_id = p_company_id
      and stored.vault_record_id in (
          select left_behind.vault_record_id
          from data.queue_item as item
          join data.claim as claim on claim.company_id = item.company_id and claim.queue_id = item.queue_id
          cross join unnest(array[claim.response_vault_id, claim.late_vault_id]) as left_behind (vault_record_id)
          where item.company_id = p_company_id
            and item.team_id = p_team_id);

    delete from data.vault_record as stored
    where stored.company_id = p_company_id
      and stored.vault_record_id in (
          select its.vault_record_id
          from data.queue_item as item
          cross join unnest(array[item.request_vault_id, item.response_vault_id]) as its (vault_record_id)
          where item.company_id = p_company_id
            and item.team_id = p_team_id);

    delete from data.queue_item as item
    where item.company_id = p_company_id
      and item.team_id = p_team_id;
    get diagnostics v_count = row_count;
    return v_count;
end;
$$;
