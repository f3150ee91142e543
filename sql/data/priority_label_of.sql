create or replace function data.priority_label_of(p_level smallint)
returns text
language sql immutable
as $$
-- What people call a priority, 1 highest .. 5 lowest. Inlined: no search_path.
select (array['Highest', 'High', 'Normal', 'Low', 'Lowest'])[p_level];
$$;
