create or replace function queue.require_rate_limit(p_rate_limit jsonb)
returns void
language plpgsql immutable set search_path = ''
as $$
-- A rate limit is {"maxBurst": n, "perSecond": x}: a bucket of n tokens, 1 to 100000, that gets x of them a second, 0.0001 to 100000
-- (spec 3, rate limiting).
--
-- Errors:
--   JB400  it is something else
declare
    v_burst jsonb;
    v_rate  jsonb;
begin
    if jsonb_typeof(p_rate_limit) = 'object' and (select count(*) from jsonb_object_keys(p_rate_limit)) = 2 then
        v_burst := p_rate_limit -> 'maxBurst';
        v_rate := p_rate_limit -> 'perSecond';
    end if;
    if jsonb_typeof(v_burst) is distinct from 'number' or jsonb_typeof(v_rate) is distinct from 'number' then
        raise exception using errcode = 'JB400', message = 'rateLimit must be {"maxBurst": n, "perSecond": x}';
    elsif v_burst::numeric <> trunc(v_burst::numeric) or v_burst::numeric not between 1 and 100000 then
        raise exception using errcode = 'JB400', message = format(
            'rateLimit.maxBurst is %s: a whole number from 1 to 100000 is possible', left(v_burst::text, 40));
    elsif v_rate::numeric not between 0.0001 and 100000 then
        raise exception using errcode = 'JB400', message = format(
            'rateLimit.perSecond is %s: 0.0001 to 100000 are possible', left(v_rate::text, 40));
    end if;
end;
$$;
