create or replace function data.idle_limit()
returns interval
language sql immutable set search_path = ''
as $$
-- For how long a session may be idle before it ends. Immutable, so that plans hold the value and no query calls this.
select interval '8 hours';
$$;
