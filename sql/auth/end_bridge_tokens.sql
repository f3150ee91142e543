create or replace function auth.end_bridge_tokens(p_caller auth.caller, p_bridge_id bigint)
returns bigint
language plpgsql volatile set search_path = ''
as $$
-- End every agent token of a bridge and every session that speaks for it. The caller has locked the bridge.
--
-- Returns:
--   how many
declare
    v_token_id uuid;
    v_count    bigint := 0;
begin
    for v_token_id in
        select token.token_id
        from data.token as token
        where token.company_id = p_caller.company_id
          and (token.bridge_id = p_bridge_id or token.target_bridge_id = p_bridge_id)
        order by token.token_id
        for update
    loop
        perform data.end_token(p_caller.company_id, v_token_id);
        v_count := v_count + 1;
    end loop;
    return v_count;
end;
$$;
