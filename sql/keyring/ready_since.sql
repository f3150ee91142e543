create or replace function keyring.ready_since(
    p_after    timestamptz,
    out wake   text[],
    out until  timestamptz)
language plpgsql stable security definer set search_path = ''
as $$
-- For whom items became ready since a time: what the hub asks once a second, for what other brokers, sweeps and psql made.
--
-- Arguments:
--   after  the until of the last answer; null: from now on
-- Returns:
--   wake   keys of the hub
--   until  the time to ask from next; it overlaps by a second, for transactions that commit late
begin
    until := data.clock() - interval '1 second';
    wake := array(
        select distinct coalesce('machine:' || item.machine_id, 'pool:' || item.team_id)
        from data.queue_item as item
        where item.status = 'PENDING'
          and item.held is null
          and item.ready_time > coalesce(p_after, until));
end;
$$;
