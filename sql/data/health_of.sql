create or replace function data.health_of(
    p_status              data.queue_status,
    p_last_heartbeat_time timestamptz,
    p_stale_before        timestamptz)
returns data.health_status
language sql immutable
as $$
-- An item's health, computed from its state and last sign of life. Inlined: no search_path.
select case
    when p_status in ('ASSIGNED', 'PROCESSING') and p_last_heartbeat_time < p_stale_before then 'STALE'
    when p_status in ('ASSIGNED', 'PROCESSING', 'CANCELLING') then 'ACTIVE'
    else p_status::text
end::data.health_status;
$$;
