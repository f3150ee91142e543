create or replace function data.webhook_body(p_event text, p_time timestamptz, p_data jsonb)
returns text
language sql stable set search_path = ''
as $$
-- The body of a message to an endpoint, as it is signed and sent at each attempt; what is null is left out.
select jsonb_build_object(
    'type', p_event, 'timestamp', data.time_text(p_time), 'data', jsonb_strip_nulls(p_data))::text;
$$;
