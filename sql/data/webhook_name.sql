create or replace function data.webhook_name(p_url text)
returns text
language sql immutable
as $$
-- What an endpoint is called: its host; paths and queries of such addresses are often secrets. Inlined: no search_path.
select left(substring(p_url from '^https?://([^/?#]+)'), 100);
$$;
