create or replace function data.key_version_of(p_wrapped_key bytea)
returns bigint
language sql immutable
as $$
-- The version of the company key that a vault's data key is wrapped under: four bytes after the first six. Inlined: no
-- search_path.
select (get_byte(p_wrapped_key, 6)::bigint << 24) | (get_byte(p_wrapped_key, 7)::bigint << 16)
    | (get_byte(p_wrapped_key, 8)::bigint << 8) | get_byte(p_wrapped_key, 9)::bigint;
$$;
