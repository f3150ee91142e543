create or replace function data.seconds_between(p_from timestamptz, p_to timestamptz)
returns double precision
language sql immutable
as $$
-- Seconds with three decimals; null when either end is. Inlined: no search_path.
select round(extract(epoch from p_to - p_from), 3)::double precision;
$$;
