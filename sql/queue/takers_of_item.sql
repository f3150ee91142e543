create or replace function queue.takers_of_item(p_item data.queue_item, p_at_most integer, p_now timestamptz)
returns data.machine[]
language sql stable set search_path = ''
as $$
-- The machines whose agents may take an item: its own, or, of a pool, those of the team that serve its queue, have its labels, and
-- have an agent that holds the pool's key.
--
-- Rules:
--   Of a pool's item a machine counts by its agents alone. Users' sessions may take it too, for any machine that serves it, but
--   nobody knows whether one will ask.
select array(
    select machine
    from data.machine as machine
    join data.queue_policy as policy on policy.company_id = p_item.company_id and policy.policy_id = p_item.policy_id
    where machine.company_id = p_item.company_id
      and machine.team_id = p_item.team_id
      and (machine.machine_id = p_item.machine_id and not p_item.pooled
           or p_item.pooled and queue.serves(machine, policy.queue_name, p_item.labels) and queue.opens_pool(machine, p_now))
    order by machine.machine_id
    limit p_at_most);
$$;
