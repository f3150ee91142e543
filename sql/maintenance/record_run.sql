create or replace function maintenance.record_run(p_procedure_name text)
returns void
language plpgsql volatile security definer set search_path = ''
as $$
-- Note that a procedure of this schema has run, for `broker doctor`.
--
-- Rules:
--   Who finds another broker noting the same leaves it to him.
declare
    v_now timestamptz := data.clock();
begin
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
