create or replace function data.priority_level_of(p_priority smallint, p_plan data.plan)
returns smallint
language sql immutable
as $$
-- Priority as spec 1 prints it, 1 highest .. 5 lowest; null where the plan does not show it. Inlined: no search_path.
select case when p_plan in ('PREMIUM', 'ELITE') then (5 - round(p_priority / 25.0))::smallint end;
$$;
