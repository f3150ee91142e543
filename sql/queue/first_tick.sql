create or replace function queue.first_tick(
    p_cron          text,
    p_every_seconds integer,
    p_time_zone     text,
    p_material      data.schedule_material,
    p_now           timestamptz)
returns timestamptz
language plpgsql immutable set search_path = ''
as $$
-- When a schedule with this timing runs first.
--
-- Arguments:
--   material  what the broker computed, if the call came through one
-- Returns:
--   null: not known here, or computed for another timing; maintenance computes it within a second
begin
    if p_every_seconds is not null then
        return p_now + make_interval(secs => p_every_seconds);
    elsif (p_material.cron, p_material.time_zone) = (p_cron, p_time_zone) then
        return p_material.next_time;
    end if;
    return null;
end;
$$;
