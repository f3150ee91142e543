create or replace function api.get_company_regions()
returns table (
    region_name   text,
    vault_version integer,
    vault_content data.vault,
    bridge_count  bigint)
language plpgsql volatile security definer set search_path = ''
as $$
-- List the regions of the company.
--
-- Callers: users
-- Returns:
--   1: the regions by name
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
begin
    return query
    select region.region_name::text, coalesce(stored.version, 1), data.vault_of(stored),
           (select count(*)
            from data.bridge as bridge
            where bridge.company_id = region.company_id
              and bridge.region_id = region.region_id)
    from data.region as region
    left join data.vault_record as stored
        on stored.company_id = region.company_id and stored.vault_record_id = region.vault_record_id
    where region.company_id = v_caller.company_id
    order by lower(region.region_name);
end;
$$;
