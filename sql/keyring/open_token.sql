create or replace function keyring.open_token(p_token_hash bytea)
returns table (
    token_id     uuid,
    company_id   bigint,
    company_uuid uuid,
    kind         data.token_kind,
    key_kind     text,
    key_id       uuid,
    key_version  integer,
    wrapped      bytea,
    check_value  bytea,
    principal    bytea)
language plpgsql stable security definer set search_path = ''
as $$
-- The keys that a token's holder can unwrap: of a session the company's, of an agent those of its machines.
--
-- Returns:
--   a row per key, one without a key when a bridge's machines have all moved elsewhere; none when the token is
--   unknown, expired or was idle for too long (the call that follows says so)
#variable_conflict use_column
begin
    return query
    select token.token_id, token.company_id, company.company_uuid, token.kind, held.key_kind, held.key_id, held.key_version,
           held.wrapped, held.check_value::bytea, data.principal_of(token.company_id, token.kind::text, token.token_id)
    from data.token_company as route
    join data.token as token on token.company_id = route.company_id and token.token_id = route.token_id
    join data.company as company on company.company_id = token.company_id
    left join data.held_key as held
        on held.company_id = token.company_id and held.holder_kind = token.kind::text and held.holder_id = token.token_id
    where route.token_hash = p_token_hash
      and token.expires_time > data.clock()
      and (token.kind = 'agent' or auth.is_live(token, data.clock()));
end;
$$;
