create or replace function auth.lock_bridges(p_caller auth.caller, p_bridge_ids bigint[])
returns void
language plpgsql volatile set search_path = ''
as $$
-- Keep the machines of bridges and the tokens of their agents together: whoever changes either holds the bridges' rows, so
-- that no token comes without the key of a machine, and no machine without giving its key to each token. Lists read before
-- may be old.
begin
    perform from data.bridge as bridge
    where bridge.company_id = p_caller.company_id
      and bridge.bridge_id = any(p_bridge_ids)
    order by bridge.bridge_id
    for no key update;
end;
$$;
