create or replace function queue.next_flow(p_company_id bigint, p_team_id bigint, p_before_flow_id uuid)
returns uuid
language sql stable set search_path = ''
as $$
-- The newest flow of a team that is older than another one; null: there is none. However many items a flow has, one is read.
select item.flow_id
from data.queue_item as item
where item.company_id = p_company_id
  and item.team_id = p_team_id
  and item.flow_id < p_before_flow_id
order by item.flow_id desc
limit 1;
$$;
