create or replace function auth.require_no_brake(p_email text, p_time timestamptz)
returns void
language plpgsql stable set search_path = ''
as $$
-- Before a password or code is tried: has there been so much guessing that it has to wait?
--
-- Errors:
--   JB429  the detail says in how many seconds it may be tried
declare
    v_seconds integer;
begin
    select ceil(extract(epoch from max(brake.blocked_until) - p_time))
    into v_seconds
    from auth.brakes_of(p_email) as counted
    join data.brake as brake on brake.subject_kind = counted.subject_kind and brake.subject = counted.subject
    where brake.blocked_until > p_time
      and brake.blocked_until > brake.last_failure_time;
    if v_seconds is not null then
        raise exception using errcode = 'JB429', detail = v_seconds::text, message = format(
            'too many failed sign-ins: try again in %s seconds', v_seconds);
    end if;
end;
$$;
