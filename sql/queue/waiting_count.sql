create or replace function queue.waiting_count(p_company_id bigint, p_machine_id bigint, p_at_most integer)
returns bigint
language sql stable set search_path = ''
as $$
-- How many items wait for a machine, in line or held back; of each kind counted up to a bound, null: all.
select counted.in_line + counted.held
from queue.waiting_in(p_company_id, array(
    select lane.lane_id
    from data.lane as lane
    where lane.company_id = p_company_id
      and lane.machine_id = p_machine_id), p_at_most) as counted;
$$;
