create or replace function auth.list_sessions(p_company_id bigint, p_user_id bigint, p_time timestamptz)
returns setof data.listed_session
language plpgsql stable set search_path = ''
as $$
-- The sessions of a user, or of all of a company when no user is given, the newest first.
#variable_conflict use_column
begin
    return query
    select token.request_id, person.email::text, token.token_name::text, token.address, token.user_agent, token.created_time,
           token.last_used_time, auth.is_live(token, p_time) and not token.awaits_code, parent.request_id,
           coalesce(token.permissions_name, token.permission_group::text), token.expires_time
    from data.token as token
    join data.company_user as person on person.company_id = token.company_id and person.user_id = token.user_id
    left join data.token as parent on parent.company_id = token.company_id and parent.token_id = token.parent_token_id
    where token.company_id = p_company_id
      and token.user_id = coalesce(p_user_id, token.user_id)
    order by token.created_time desc, token.request_id desc;
end;
$$;
