create or replace function api.delete_region(p_region_name text)
returns table (result text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Delete a region without bridges.
--
-- Callers: administrators
-- Arguments:
--   regionName  a region of the company
-- Returns:
--   1: that it was deleted, one row
-- Errors:
--   JB403  the caller is no administrator
--   JB404  the company has no such region
--   JB409  the region has bridges
declare
    v_caller       auth.caller := auth.enter_call();
    v_now          timestamptz := data.clock();
    v_region       data.region := auth.lock_region(v_caller, p_region_name);
    v_bridge_count bigint;
begin
    select count(*)
    into v_bridge_count
    from data.bridge as bridge
    where bridge.company_id = v_caller.company_id
      and bridge.region_id = v_region.region_id;
    if v_bridge_count > 0 then
        raise exception using errcode = 'JB409', message = format(
            'region %s has %s: delete them first', v_region.region_name, data.counted(v_bridge_count, 'bridge'));
    end if;

    delete from data.region as region
    where region.company_id = v_caller.company_id
      and region.region_id = v_region.region_id;
    perform data.delete_vault(v_caller.company_id, v_region.vault_record_id);
    perform auth.audit(v_caller, v_now, 'Deleted', 'Region', v_region.region_uuid, v_region.region_name);

    return query
    select format('region %s deleted', v_region.region_name);
end;
$$;
