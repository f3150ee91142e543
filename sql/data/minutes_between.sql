create or replace function data.minutes_between(p_from timestamptz, p_to timestamptz)
returns double precision
language sql immutable
as $$
-- Minutes with two decimals; null when either end is. Inlined: no search_path.
select round((extract(epoch from p_to - p_from) / 60)::numeric, 2)::double precision;
$$;
