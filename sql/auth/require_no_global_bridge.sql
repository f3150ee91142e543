create or replace function auth.require_no_global_bridge(p_caller auth.caller)
returns void
language plpgsql stable set search_path = ''
as $$
-- For what must not be while a bridge is there that somebody else runs for the company.
--
-- Errors:
--   JB409  the company has such a bridge
declare
    v_bridge_name text;
begin
    select min(bridge.bridge_name)
    into v_bridge_name
    from data.bridge as bridge
    where bridge.company_id = p_caller.company_id
      and bridge.is_global
      and bridge.management_mode = 'Cloud';
    if v_bridge_name is not null then
        raise exception using errcode = 'JB409', message = format(
            'bridge %s is a Global Bridge, managed in the cloud: take it over or delete it first', v_bridge_name);
    end if;
end;
$$;
