create or replace function data.end_token(p_company_id bigint, p_token_id uuid)
returns void
language sql volatile set search_path = ''
as $$
-- End a session or agent token: its keys and key pair, the way that leads to it (which goes with the token), and itself.
delete from data.held_key as held
where held.company_id = p_company_id
  and held.holder_kind in ('session', 'agent')
  and held.holder_id = p_token_id;

delete from data.principal_key as principal
where principal.company_id = p_company_id
  and principal.holder_kind in ('session', 'agent')
  and principal.holder_id = p_token_id;

delete from data.token as token
where token.company_id = p_company_id
  and token.token_id = p_token_id;
$$;
