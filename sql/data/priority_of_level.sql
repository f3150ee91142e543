create or replace function data.priority_of_level(p_level smallint, p_plan data.plan)
returns smallint
language sql immutable
as $$
-- Spec 1's 1..5 as the table keeps it: 100, 75, 50, 25, 0; 50 where the plan ignores priority. Inlined: no search_path.
select case when p_plan in ('PREMIUM', 'ELITE') then ((5 - coalesce(p_level, 3)) * 25)::smallint else 50::smallint end;
$$;
