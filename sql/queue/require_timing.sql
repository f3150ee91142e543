create or replace function queue.require_timing(p_cron text, p_every_seconds integer, p_time_zone text)
returns void
language plpgsql immutable set search_path = ''
as $$
-- A schedule has a cron expression or an interval. What the expression means, only the broker can tell.
--
-- Errors:
--   JB400  both, neither, or one that is out of its bounds
begin
    if p_cron is null and p_every_seconds is null then
        raise exception using errcode = 'JB400', message = 'cron or everySeconds is missing: say when the schedule runs';
    elsif p_cron is not null and p_every_seconds is not null then
        raise exception using errcode = 'JB400', message = 'cron and everySeconds are both given: a schedule has one of them';
    elsif p_every_seconds not between 10 and 31536000 then
        raise exception using errcode = 'JB400', message = format(
            'everySeconds is %s: 10 to 31536000, a year, are possible', p_every_seconds);
    elsif char_length(p_cron) not between 1 and 200 then
        raise exception using errcode = 'JB400', message = 'cron must have 1 to 200 characters';
    elsif char_length(p_time_zone) not between 1 and 100 then
        raise exception using errcode = 'JB400', message = 'timeZone must have 1 to 100 characters';
    end if;
end;
$$;
