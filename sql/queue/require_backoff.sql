create or replace function queue.require_backoff(p_backoff jsonb)
returns void
language plpgsql immutable set search_path = ''
as $$
-- A backoff is one of {"fixed": {"delayMs": n}}, {"exponential": {"initialDelayMs": n}}, {"exponentialJitter": {"initialDelayMs": n}},
-- with n from 1 millisecond to a day (spec 3, retry and backoff).
--
-- Errors:
--   JB400  it is something else
declare
    v_kind  text;
    v_delay jsonb;
begin
    if jsonb_typeof(p_backoff) = 'object' and (select count(*) from jsonb_object_keys(p_backoff)) = 1 then
        v_kind := (select name from jsonb_object_keys(p_backoff) as name);
        if jsonb_typeof(p_backoff -> v_kind) = 'object' then
            v_delay := p_backoff -> v_kind -> case v_kind
                when 'fixed' then 'delayMs'
                when 'exponential' then 'initialDelayMs'
                when 'exponentialJitter' then 'initialDelayMs'
            end;
        end if;
    end if;
    if v_delay is null or jsonb_typeof(v_delay) <> 'number' or (select count(*) from jsonb_object_keys(p_backoff -> v_kind)) <> 1
       or v_delay::numeric <> trunc(v_delay::numeric) then
        raise exception using errcode = 'JB400', message =
            'backoff must be {"fixed": {"delayMs": n}}, {"exponential": {"initialDelayMs": n}} or {"exponentialJitter": {"initialDelayMs": n}}';
    elsif v_delay::numeric not between 1 and 86400000 then
        raise exception using errcode = 'JB400', message = format(
            'backoff begins with %s ms: 1 to 86400000, a day, are possible', left(v_delay::text, 40));
    end if;
end;
$$;
