create or replace function api.delete_machine(p_team_name text, p_machine_name text)
returns table (result text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Delete a machine that has nothing more to do.
--
-- Callers: administrators
-- Arguments:
--   teamName     a team of the caller
--   machineName  a machine of that team
-- Returns:
--   1: that it was deleted, one row
-- Errors:
--   JB403  the caller is no administrator, or not a member of the team
--   JB404  the company has no such team, or the team no such machine
--   JB409  the machine has items that are not finished
--   JB503  the machine was moved to another bridge during the call
-- Rules:
--   The requesting user must be a member of the specified team.
--   Its agent tokens end, its vault is deleted, the agents of its bridge lose its keys, and its name is free.
--   Its finished items stay, with their vaults and traces, until they or the team are deleted: the listing shows them under the
--   machine's last name. They cannot be retried, and calls that name a machine do not find it any more.
declare
    v_caller   auth.caller := auth.enter_call();
    v_now      timestamptz := data.clock();
    v_machine  data.machine;
    v_items    record;
    v_token_id uuid;
begin
    -- Its agents note in their tokens that they called, and then wait at the gate: theirs are locked first.
    perform from data.token as token
    join data.machine as machine on machine.company_id = token.company_id and machine.machine_id = token.machine_id
    where token.company_id = v_caller.company_id
      and lower(machine.machine_name) = lower(p_machine_name)
    order by token.token_id
    for update of token;
    -- Nobody is just queueing an item for it, or taking one of a pool.
    perform queue.close_gate(v_caller.company_id);
    v_machine := auth.lock_placed_machine(v_caller, p_machine_name, p_team_name);
    v_items := queue.unfinished_items(v_caller.company_id, v_machine.machine_id);
    if v_items.waiting + v_items.in_hand > 0 then
        raise exception using errcode = 'JB409', message = format(
            'machine %s has %s, %s of them in hand: cancel them or let them end first', v_machine.machine_name,
            data.counted(v_items.waiting + v_items.in_hand, 'unfinished item'), v_items.in_hand);
    end if;

    delete from data.lane as lane
    where lane.company_id = v_caller.company_id
      and lane.machine_id = v_machine.machine_id;
    for v_token_id in
        select token.token_id
        from data.token as token
        where token.company_id = v_caller.company_id
          and token.machine_id = v_machine.machine_id
    loop
        perform data.end_token(v_caller.company_id, v_token_id);
    end loop;
    delete from data.held_key as held
    where held.company_id = v_caller.company_id
      and held.key_kind = 'machine'
      and held.key_id = v_machine.machine_uuid;
    perform auth.withdraw_pools(v_caller.company_id, v_machine.team_id);

    update data.machine as machine
    set removed_name = machine.machine_name,
        removed_time = v_now,
        machine_name = null,
        team_id = null,
        bridge_id = null,
        vault_record_id = null,
        machine_status = null,
        machine_status_time = null
    where machine.company_id = v_caller.company_id
      and machine.machine_id = v_machine.machine_id;
    perform data.delete_vault(v_caller.company_id, v_machine.vault_record_id);
    perform auth.audit(v_caller, v_now, 'Deleted', 'Machine', v_machine.machine_uuid, v_machine.machine_name);

    return query
    select format('machine %s deleted', v_machine.machine_name);
end;
$$;
