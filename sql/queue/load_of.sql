create or replace function queue.load_of(p_company_id bigint, p_machine_id bigint)
returns data.item_machine
language plpgsql stable set search_path = ''
as $$
-- What a machine has to do: items that wait for it, and those in its agent's hands.
--
-- Rules:
--   At most 1,000 of each are counted; morePending says when more wait.
declare
    c_counted constant integer := 1000;
    v_load    data.item_machine;
    v_pending integer;
begin
    select coalesce(machine.machine_name, machine.removed_name)
    into v_load.machine_name
    from data.machine as machine
    where machine.company_id = p_company_id
      and machine.machine_id = p_machine_id;

    v_pending := queue.waiting_count(p_company_id, p_machine_id, c_counted + 1);
    v_load.pending_count := least(v_pending, c_counted);
    v_load.more_pending := v_pending > c_counted;

    select count(*) filter (where live.status = 'ASSIGNED'), count(*) filter (where live.status = 'PROCESSING'),
           count(*) filter (where live.status = 'CANCELLING')
    into v_load.assigned_count, v_load.processing_count, v_load.cancelling_count
    from (
        select item.status
        from queue.live_items(p_company_id, p_machine_id) as item
        limit c_counted) as live;
    return v_load;
end;
$$;
