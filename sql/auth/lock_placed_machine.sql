create or replace function auth.lock_placed_machine(
    p_caller        auth.caller,
    p_machine_name  text,
    p_team_name     text,
    p_new_bridge_id bigint default null)
returns data.machine
language plpgsql volatile set search_path = ''
as $$
-- The machine, locked together with its bridge and the one that it goes to: while it leaves, no token is made that would hold
-- its keys.
--
-- Errors:
--   JB403, JB404  as auth.require_machine
--   JB503  it was moved to another bridge during the call
declare
    v_machine   data.machine := auth.require_machine(p_caller, p_machine_name, p_team_name);
    v_bridge_id bigint := v_machine.bridge_id;
begin
    perform auth.lock_bridges(p_caller, array[v_bridge_id, p_new_bridge_id]);
    v_machine := auth.lock_machine(p_caller, p_machine_name, p_team_name);
    if v_machine.bridge_id <> v_bridge_id then
        raise exception using errcode = 'JB503',
            message = format('machine %s was moved during the call: repeat it', v_machine.machine_name);
    end if;
    return v_machine;
end;
$$;
