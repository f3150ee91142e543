create or replace function data.fingerprint_of(p_vault data.vault)
returns bytea
language sql immutable
as $$
-- The fingerprint of a vault as it is kept: the version of the key it was made with, four bytes, and 28 bytes of it.
-- Inlined: no search_path.
select substring(p_vault.wrapped_key from 7 for 4) || substring(p_vault.fingerprint from 1 for 28);
$$;
