create or replace function maintenance.expect_runs(p_procedure_names text[])
returns void
language plpgsql volatile security definer set search_path = ''
as $$
-- Note that these jobs of maintenance are to run from now on: `broker doctor` then misses one that never does.
begin
    insert into data.sweep (procedure_name, first_time)
    select expected.name, data.clock()
    from unnest(p_procedure_names) as expected (name)
    on conflict do nothing;
end;
$$;
