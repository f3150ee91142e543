create or replace function data.make_region(
    p_company_id      bigint,
    p_region_uuid     uuid,
    p_region_name     data.entity_name,
    p_vault_record_id bigint,
    p_time            timestamptz)
returns bigint
language plpgsql volatile set search_path = ''
as $$
-- Make a region.
--
-- Returns:
--   its region_id
-- Errors:
--   JB409  the company has a region of that name
declare
    v_region_id bigint;
begin
    insert into data.region (company_id, region_uuid, region_name, vault_record_id, created_time)
    values (p_company_id, p_region_uuid, p_region_name, p_vault_record_id, p_time)
    on conflict do nothing
    returning region_id into v_region_id;
    if v_region_id is null then
        raise exception using errcode = 'JB409', message = format('region %s exists already', p_region_name);
    end if;
    return v_region_id;
end;
$$;
