create or replace function auth.origin()
returns auth.request_origin
language plpgsql stable set search_path = ''
as $$
-- From which request this call comes; all null for a call by SQL.
--
-- Rules:
--   The broker says it, and nothing is decided by it but what traces and brakes are told.
declare
    v_request jsonb := nullif(current_setting('broker.request', true), '')::jsonb;
begin
    return row(v_request ->> 'id', v_request ->> 'address', v_request ->> 'userAgent')::auth.request_origin;
end;
$$;
