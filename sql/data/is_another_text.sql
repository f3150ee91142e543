create or replace function data.is_another_text(p_kept bytea, p_new bytea)
returns boolean
language sql immutable
as $$
-- Whether two kept fingerprints tell that a text is another one. Made with different versions of the company's key they tell
-- nothing: a call that is repeated after a rotation must not be refused. Inlined: no search_path.
select p_kept is distinct from p_new
   and substring(p_kept from 1 for 4) is not distinct from substring(p_new from 1 for 4);
$$;
