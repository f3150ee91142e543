create or replace function auth.count_failure(p_email text, p_time timestamptz)
returns void
language plpgsql volatile set search_path = ''
as $$
-- Count that somebody did not show what an account's owner has: a password, a verification, recovery or activation code. For
-- refusals that do not raise, which would undo it.
--
-- Rules:
--   Beyond the limit each failure blocks: 1 s, 2 s, 4 s, ... 15 minutes at most.
--   What ends while a block is on, because it began before, is not counted. So a burst costs seconds, one who goes on
--   guessing minutes, and nobody is locked out for good.
--   After 15 quiet minutes the count begins anew.
declare
    c_quiet   constant interval := interval '15 minutes';
    v_counted record;
    v_brake   data.brake;
begin
    for v_counted in
        select * from auth.brakes_of(p_email)
    loop
        -- A count that begins, as if its last failure were long ago.
        insert into data.brake (subject_kind, subject, failure_count, last_failure_time, blocked_until)
        values (v_counted.subject_kind, v_counted.subject, 0, p_time - c_quiet, p_time - c_quiet)
        on conflict do nothing;

        select brake.*
        into v_brake
        from data.brake as brake
        where brake.subject_kind = v_counted.subject_kind
          and brake.subject = v_counted.subject
        for update;
        continue when v_brake.blocked_until > p_time and v_brake.blocked_until > v_brake.last_failure_time;

        if v_brake.blocked_until <= p_time - c_quiet then
            v_brake.failure_count := 0;
        end if;
        v_brake.failure_count := v_brake.failure_count + 1;
        v_brake.blocked_until := p_time;
        if v_brake.failure_count > v_counted.failure_limit then
            v_brake.blocked_until := p_time + least(
                c_quiet, make_interval(secs => 2 ^ least(v_brake.failure_count - v_counted.failure_limit - 1, 10)));
        end if;

        update data.brake as brake
        set failure_count = v_brake.failure_count,
            last_failure_time = p_time,
            blocked_until = v_brake.blocked_until
        where brake.subject_kind = v_brake.subject_kind
          and brake.subject = v_brake.subject;
    end loop;
end;
$$;
