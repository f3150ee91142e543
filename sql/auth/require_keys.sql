create or replace function auth.require_keys(p_caller auth.caller, p_user_or_token_id uuid)
returns void
language plpgsql immutable set search_path = ''
as $$
-- For calls that wrap keys: the broker has unwrapped the caller's, and brings what it made with them.
--
-- Errors:
--   JB403  the caller came without the broker, and holds no key
begin
    if p_caller.token_id is null or p_user_or_token_id is null then
        raise exception using errcode = 'JB403', message = 'this call wraps keys: make it through the broker';
    end if;
end;
$$;
