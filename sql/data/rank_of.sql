create or replace function data.rank_of(p_priority smallint, p_plan data.plan)
returns smallint
language sql immutable
as $$
-- A priority from 0 to 100, as the table keeps it; 50 where the plan ignores priority. Inlined: no search_path.
select case when p_plan in ('PREMIUM', 'ELITE') then p_priority else 50::smallint end;
$$;
