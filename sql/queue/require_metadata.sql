create or replace function queue.require_metadata(p_metadata jsonb)
returns void
language plpgsql immutable set search_path = ''
as $$
-- Metadata is a JSON object kept in the clear, small enough to be indexed.
--
-- Errors:
--   JB400  it is no object, or longer than 4 KiB
begin
    if jsonb_typeof(p_metadata) <> 'object' or octet_length(p_metadata::text) > 4096 then
        raise exception using errcode = 'JB400', message = 'metadata must be a JSON object of at most 4 KiB';
    end if;
end;
$$;
