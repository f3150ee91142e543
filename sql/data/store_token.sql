create or replace function data.store_token(p_token data.token, p_grants data.key_grant[])
returns void
language plpgsql volatile set search_path = ''
as $$
-- Keep a new token, the way that leads to it, and its keys.
begin
    insert into data.token
    select p_token.*;

    insert into data.token_company (token_hash, company_id, token_id)
    values (p_token.token_hash, p_token.company_id, p_token.token_id);

    perform data.store_grants(p_token.company_id, p_token.kind::text, p_token.token_id, p_grants);
end;
$$;
