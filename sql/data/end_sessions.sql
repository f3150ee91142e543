create or replace function data.end_sessions(p_company_id bigint, p_user_id bigint, p_kept_token_id uuid default null)
returns integer
language plpgsql volatile set search_path = ''
as $$
-- End the sessions of a user: their keys, the ways that lead to them, and themselves.
--
-- Arguments:
--   kept_token_id  a session that goes on
-- Returns:
--   how many have ended
declare
    v_count integer;
begin
    -- A fork under way holds its ancestors: it is waited for, and then seen.
    perform from data.token as token
    where token.company_id = p_company_id
      and token.user_id = p_user_id
    order by token.created_time
    for update;

    delete from data.held_key as held
    using data.token as token
    where token.company_id = p_company_id
      and token.user_id = p_user_id
      and token.token_id is distinct from p_kept_token_id
      and held.company_id = token.company_id
      and held.holder_kind = 'session'
      and held.holder_id = token.token_id;

    delete from data.principal_key as principal
    using data.token as token
    where token.company_id = p_company_id
      and token.user_id = p_user_id
      and token.token_id is distinct from p_kept_token_id
      and principal.company_id = token.company_id
      and principal.holder_kind = 'session'
      and principal.holder_id = token.token_id;

    delete from data.token as token
    where token.company_id = p_company_id
      and token.user_id = p_user_id
      and token.token_id is distinct from p_kept_token_id;
    get diagnostics v_count = row_count;
    return v_count;
end;
$$;
