create or replace function queue.live_items(p_company_id bigint, p_machine_id bigint)
returns setof data.queue_item
language sql stable
as $$
-- The items of a machine in its agent's hands: queue by queue of its team, since so they are indexed. Inlined, so it pins no
-- search_path; every name is qualified.
select item.*
from data.machine as machine
cross join lateral (
    select policy.policy_id
    from data.queue_policy as policy
    where policy.company_id = p_company_id
      and policy.team_id = machine.team_id
      and policy.removed_time is null
    offset 0) as its
cross join lateral (
    select live.*
    from data.queue_item as live
    where live.company_id = p_company_id
      and live.policy_id = its.policy_id
      and live.machine_id = p_machine_id
      and live.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING')
    offset 0) as item
where machine.company_id = p_company_id
  and machine.machine_id = p_machine_id
$$;
