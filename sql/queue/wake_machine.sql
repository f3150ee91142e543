create or replace function queue.wake_machine(p_machine data.machine)
returns data.wake
language sql immutable set search_path = ''
as $$
-- Keys of the hub for the agents of a machine: what they may take has changed.
select array['machine:' || (p_machine).machine_id]::data.wake;
$$;
