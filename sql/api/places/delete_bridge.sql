create or replace function api.delete_bridge(p_bridge_name text, p_region_name text default null)
returns table (result text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Delete a bridge without machines, and end its tokens.
--
-- Callers: administrators
-- Arguments:
--   bridgeName  a bridge of the company
--   regionName  if given, must be the bridge's region
-- Returns:
--   1: that it was deleted, one row
-- Errors:
--   JB403  the caller is no administrator
--   JB404  the company has no such region, or no such bridge in it
--   JB409  the bridge has machines
-- Rules:
--   Items are of machines: a bridge without machines has none to hand out.
--   Agent tokens of the bridge and sessions that speak for it end with it.
declare
    v_caller        auth.caller := auth.enter_call();
    v_now           timestamptz := data.clock();
    v_bridge        data.bridge := auth.lock_bridge(v_caller, p_bridge_name, p_region_name);
    v_machine_count bigint;
    v_item_count    bigint;
    v_token_count   bigint;
begin
    select count(*), coalesce(sum(items.waiting + items.in_hand), 0)
    into v_machine_count, v_item_count
    from data.machine as machine
    cross join lateral queue.unfinished_items(machine.company_id, machine.machine_id) as items
    where machine.company_id = v_caller.company_id
      and machine.bridge_id = v_bridge.bridge_id;
    if v_machine_count > 0 then
        raise exception using errcode = 'JB409', message = format(
            'bridge %s has %s with %s: delete or move them first', v_bridge.bridge_name,
            data.counted(v_machine_count, 'machine'), data.counted(v_item_count, 'unfinished item'));
    end if;

    v_token_count := auth.end_bridge_tokens(v_caller, v_bridge.bridge_id);
    delete from data.bridge as bridge
    where bridge.company_id = v_caller.company_id
      and bridge.bridge_id = v_bridge.bridge_id;
    perform data.delete_vault(v_caller.company_id, v_bridge.vault_record_id);
    perform auth.audit(v_caller, v_now, 'Deleted', 'Bridge', v_bridge.bridge_uuid, v_bridge.bridge_name,
        format('%s ended', data.counted(v_token_count, 'token')));

    return query
    select format('bridge %s deleted', v_bridge.bridge_name);
end;
$$;
