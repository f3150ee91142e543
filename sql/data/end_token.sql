create or replace function data.end_token(p_company_id bigint, p_token_id uuid)
returns void
language plpgsql volatile set search_path = ''
as $$
-- End a session or agent token, and the sessions that were forked from it: their keys and key pairs, the ways that lead to them
-- (which go with the tokens), and themselves.
declare
    v_ended uuid[];
begin
    -- A fork under way holds its ancestors: it is waited for, and then seen.
    perform from data.token as token
    where token.company_id = p_company_id
      and token.token_id = p_token_id
    for update;

    with recursive ended (token_id) as (
        select p_token_id
        union
        select child.token_id
        from ended
        join data.token as child on child.company_id = p_company_id and child.parent_token_id = ended.token_id)
    select array_agg(ended.token_id)
    into v_ended
    from ended;

    delete from data.held_key as held
    where held.company_id = p_company_id
      and held.holder_kind in ('session', 'agent')
      and held.holder_id = any(v_ended);

    delete from data.principal_key as principal
    where principal.company_id = p_company_id
      and principal.holder_kind in ('session', 'agent')
      and principal.holder_id = any(v_ended);

    delete from data.token as token
    where token.company_id = p_company_id
      and token.token_id = any(v_ended);
end;
$$;
