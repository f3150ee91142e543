create or replace function queue.places_of(
    p_item           data.queue_item,
    out machine_name text,
    out bridge_name  text,
    out queue_name   text)
language plpgsql stable set search_path = ''
as $$
-- Where an item goes, by names; machine and bridge are null while a pool's item waits.
begin
    select coalesce(machine.machine_name, machine.removed_name), bridge.bridge_name
    into machine_name, bridge_name
    from data.machine as machine
    -- A machine that was deleted has none.
    left join data.bridge as bridge on bridge.company_id = machine.company_id and bridge.bridge_id = machine.bridge_id
    where machine.company_id = p_item.company_id
      and machine.machine_id = p_item.machine_id;
    queue_name := (
        select policy.queue_name
        from data.queue_policy as policy
        where policy.company_id = p_item.company_id
          and policy.policy_id = p_item.policy_id);
end;
$$;
