create or replace function api.get_region_bridges(p_region_name text)
returns table (
    bridge_name        text,
    vault_version      integer,
    vault_content      data.vault,
    bridge_credentials data.revealed,
    region_name        text,
    machine_count      bigint,
    has_access         boolean,
    management_mode    data.management_mode,
    is_global_bridge   boolean)
language plpgsql volatile security definer set search_path = ''
as $$
-- List the bridges of a region.
--
-- Callers: users
-- Arguments:
--   regionName  a region of the company
-- Returns:
--   1: the bridges by name; vaultContent only for administrators. hasAccess: the caller may use a machine of the bridge.
--      isGlobalBridge: it was made with the company. bridgeCredentials is always null: tokens are not stored
-- Errors:
--   JB404  the company has no such region
-- Rules:
--   A token for a bridge is shown once, by CreateAgentToken or ResetBridgeAuthorization.
#variable_conflict use_column
declare
    v_caller   auth.caller := auth.enter_call();
    v_region   data.region := auth.require_region(v_caller, p_region_name);
    v_is_admin boolean := auth.is_administrator(v_caller);
begin
    return query
    select bridge.bridge_name::text, coalesce(stored.version, 1), case when v_is_admin then data.vault_of(stored) end,
           null::data.revealed, v_region.region_name::text, machines.count, machines.has_access, bridge.management_mode,
           bridge.is_global
    from data.bridge as bridge
    cross join lateral (
        select count(*) as count,
               coalesce(bool_or(auth.may_use_machine(v_caller, machine.team_id, machine.machine_id)), false) as has_access
        from data.machine as machine
        where machine.company_id = bridge.company_id
          and machine.bridge_id = bridge.bridge_id) as machines
    left join data.vault_record as stored
        on stored.company_id = bridge.company_id and stored.vault_record_id = bridge.vault_record_id
    where bridge.company_id = v_caller.company_id
      and bridge.region_id = v_region.region_id
    order by lower(bridge.bridge_name);
end;
$$;
