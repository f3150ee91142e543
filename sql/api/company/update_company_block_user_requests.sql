create or replace function api.update_company_block_user_requests(p_block_user_requests boolean)
returns table (
    block_user_requests     boolean,
    deactivated_token_count integer,
    result                  text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Send everybody out of the company and let only administrators in again, or open it.
--
-- Callers: administrators
-- Arguments:
--   blockUserRequests  true: from now on only administrators may sign in; false: everybody may again
-- Returns:
--   1: one row; deactivatedTokenCount says how many sessions were ended
-- Errors:
--   JB403  the caller is no administrator
-- Rules:
--   Blocking ends every session but those of the caller, also those of other administrators: they may sign in again.
--   Agents go on working: their tokens are no sessions.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_name   text;
    v_ended  uuid[] := '{}';
begin
    if p_block_user_requests then
        -- A sign-in holds its user: those under way end before, and their sessions are seen below.
        perform from data.company_user as person
        where person.company_id = v_caller.company_id
        order by person.user_id
        for no key update;
    end if;

    update data.company as company
    set requests_blocked_time = case when p_block_user_requests then coalesce(company.requests_blocked_time, v_now) end
    where company.company_id = v_caller.company_id
    returning company.company_name into v_name;

    if p_block_user_requests then
        -- In the order in which forks lock their ancestors.
        v_ended := array(
            select token.token_id
            from data.token as token
            where token.company_id = v_caller.company_id
              and token.kind = 'session'
              and token.user_id <> v_caller.user_id
              and auth.is_live(token, v_now)
            order by token.created_time);
        perform data.end_token(v_caller.company_id, ended.token_id)
        from unnest(v_ended) as ended (token_id);
    end if;
    perform auth.audit(v_caller, v_now, 'Updated', 'Company', v_caller.company_uuid, v_name, case when p_block_user_requests
        then format('user requests blocked, %s sessions ended', cardinality(v_ended)) else 'user requests open' end);

    return query
    select p_block_user_requests, cardinality(v_ended),
           case when p_block_user_requests then 'user requests are blocked' else 'user requests are open' end;
end;
$$;
