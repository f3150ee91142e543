create or replace function queue.pool_waiting_count(p_company_id bigint, p_team_id bigint)
returns bigint
language sql stable set search_path = ''
as $$
-- How many items wait in the pool of a team, in line or held back.
select counted.in_line + counted.held
from queue.waiting_in(p_company_id, array(
    select lane.lane_id
    from data.lane as lane
    where lane.company_id = p_company_id
      and lane.team_id = p_team_id
      and lane.machine_id is null), null) as counted;
$$;
