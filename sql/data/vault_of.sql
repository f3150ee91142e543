create or replace function data.vault_of(p_record data.vault_record)
returns data.vault
language sql immutable
as $$
-- A stored vault as it crosses the boundary. Inlined, so it pins no search_path; every name is qualified.
select case when (p_record).vault_record_id is not null then
    row((p_record).scope_kind, (p_record).scope_id, (p_record).owner_kind, (p_record).owner_id, (p_record).attempt,
        (p_record).vault_name, (p_record).vault_id, (p_record).wrapped_key, (p_record).content, null)::data.vault
end;
$$;
