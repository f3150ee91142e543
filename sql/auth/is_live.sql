create or replace function auth.is_live(p_token data.token, p_time timestamptz)
returns boolean
language sql immutable set search_path = ''
as $$
-- Whether a session would be heard: neither expired nor idle for too long. As auth.identify decides, which does it in its query.
select p_token.expires_time > p_time and p_token.last_used_time > p_time - data.idle_limit();
$$;
