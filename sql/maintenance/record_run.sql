create or replace function maintenance.record_run(p_procedure_name text)
returns void
language plpgsql volatile security definer set search_path = ''
as $$
-- Note that a job of maintenance has run, for `broker doctor`.
--
-- Rules:
--   Once a minute at most: what runs each second writes no more than that.
--   Who finds another broker noting the same leaves it to him.
declare
    v_now timestamptz := data.clock();
begin
    if exists (
        select from data.sweep as sweep
        where sweep.procedure_name = p_procedure_name
          and sweep.last_time > v_now - interval '1 minute'
    ) then
        return;
    end if;

    perform from data.sweep as sweep
    where sweep.procedure_name = p_procedure_name
    for no key update skip locked;
    if found then
        update data.sweep as sweep
        set last_time = v_now
        where sweep.procedure_name = p_procedure_name;
    else
        insert into data.sweep (procedure_name, first_time, last_time)
        values (p_procedure_name, v_now, v_now)
        on conflict do nothing;
    end if;
end;
$$;
