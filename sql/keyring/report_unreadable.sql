create or replace function keyring.report_unreadable(p_queue_ids bigint[])
returns void
language plpgsql volatile security definer set search_path = ''
as $$
-- Keep in the trace of each item that a vault of it did not open when it was read, at most once a minute each.
declare
    v_now    timestamptz := data.clock();
    v_caller auth.caller := auth.identify_settled();
    v_item   data.queue_item;
begin
    for v_item in
        select item.*
        from data.queue_item as item
        where item.company_id = v_caller.company_id
          and item.queue_id = any(p_queue_ids)
          and auth.may_use_machine(v_caller, item.team_id, case when not item.pooled then item.machine_id end)
          and not exists (
              select from data.queue_event as event
              where event.company_id = item.company_id
                and event.queue_id = item.queue_id
                and event.event = 'VAULT_UNREADABLE'
                and event.event_time > v_now - interval '1 minute')
    loop
        perform data.record_event(v_item, 'VAULT_UNREADABLE', 'broker', v_now, 'a vault does not open');
    end loop;
end;
$$;
