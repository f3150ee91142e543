create or replace function auth.require_bridge(p_caller auth.caller, p_bridge_name text)
returns data.bridge
language plpgsql stable set search_path = ''
as $$
-- The bridge of that name in the caller's company.
--
-- Errors:
--   JB404  the company has no such bridge
declare
    v_bridge data.bridge;
begin
    select bridge.*
    into v_bridge
    from data.bridge as bridge
    where bridge.company_id = p_caller.company_id
      and lower(bridge.bridge_name) = lower(p_bridge_name);
    if not found then
        raise exception using errcode = 'JB404', message = format('bridge %s not found', left(p_bridge_name, 100));
    end if;
    return v_bridge;
end;
$$;
