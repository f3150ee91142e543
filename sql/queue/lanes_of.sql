create or replace function queue.lanes_of(
    p_company_id  bigint,
    p_machine_ids bigint[],
    p_pool_ids    bigint[])
returns data.open_lane[]
language plpgsql stable set search_path = ''
as $$
-- The lanes from which these machines may take: their own, and those of the pools that serve them.
--
-- Arguments:
--   pool_ids  teams whose pools the caller may use
-- Rules:
--   A machine that is paused or draining takes nothing.
--   A pool's item goes to a machine of its team that serves the queue and has the labels. What the team says of a machine's queues
--   and labels goes before what its agent said; a machine of which nobody said anything serves every queue and has no labels.
begin
    -- Table by table, each by its key: as plain joins, planned on few rows, these read every lane of the company.
    return array(
        select row(found.lane_id, found.policy_id, found.team_id, found.user_id, found.taker_id,
                   its.concurrency is not null or its.rate_per_second is not null, its.paused_time is not null, found.mark)::data.open_lane
        from (
            select lane.lane_id, lane.policy_id, lane.team_id, lane.user_id, machine.machine_id as taker_id, lane.mark
            from unnest(p_machine_ids) as asked (machine_id)
            cross join lateral (
                select taker.machine_id
                from data.machine as taker
                where taker.company_id = p_company_id
                  and taker.machine_id = asked.machine_id
                  and taker.paused_time is null
                  and taker.drain_time is null
                offset 0) as machine
            cross join lateral (
                select own.lane_id, own.policy_id, own.team_id, own.user_id, own.mark
                from data.lane as own
                where own.company_id = p_company_id
                  and own.machine_id = machine.machine_id
                offset 0) as lane
            union all
            select lane.lane_id, lane.policy_id, lane.team_id, lane.user_id, machine.machine_id, lane.mark
            from unnest(p_pool_ids) as pool (team_id)
            cross join lateral (
                select shared.lane_id, shared.policy_id, shared.team_id, shared.user_id, shared.labels, shared.mark,
                       policy.queue_name
                from data.lane as shared
                join data.queue_policy as policy on policy.company_id = p_company_id and policy.policy_id = shared.policy_id
                where shared.company_id = p_company_id
                  and shared.team_id = pool.team_id
                  and shared.machine_id is null
                offset 0) as lane
            cross join lateral (
                select taker.machine_id
                from unnest(p_machine_ids) as asked (machine_id)
                join data.machine as taker on taker.company_id = p_company_id and taker.machine_id = asked.machine_id
                where taker.team_id = lane.team_id
                  and taker.paused_time is null
                  and taker.drain_time is null
                  and queue.serves(taker, lane.queue_name, lane.labels)
                order by asked.machine_id
                limit 1) as machine) as found
        cross join lateral (
            select policy.concurrency, policy.rate_per_second, policy.paused_time
            from data.queue_policy as policy
            where policy.company_id = p_company_id
              and policy.policy_id = found.policy_id
            offset 0) as its);
end;
$$;
