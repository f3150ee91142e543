create or replace function data.make_bridge(
    p_company_id      bigint,
    p_region_id       bigint,
    p_bridge_uuid     uuid,
    p_bridge_name     data.entity_name,
    p_vault_record_id bigint,
    p_time            timestamptz,
    p_is_global       boolean default false)
returns bigint
language plpgsql volatile set search_path = ''
as $$
-- Make a bridge in a region.
--
-- Returns:
--   its bridge_id
-- Errors:
--   JB409  the company has a bridge of that name, in this or another region
declare
    v_bridge_id bigint;
begin
    insert into data.bridge (company_id, bridge_uuid, bridge_name, region_id, vault_record_id, created_time, is_global, management_mode)
    values (
        p_company_id, p_bridge_uuid, p_bridge_name, p_region_id, p_vault_record_id, p_time, p_is_global,
        case when p_is_global then 'Cloud' else 'Local' end::data.management_mode)
    on conflict do nothing
    returning bridge_id into v_bridge_id;
    if v_bridge_id is null then
        raise exception using errcode = 'JB409', message = format('bridge %s exists already', p_bridge_name);
    end if;
    return v_bridge_id;
end;
$$;
