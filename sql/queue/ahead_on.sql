create or replace function queue.ahead_on(p_item data.queue_item, p_machine data.machine, p_at_most integer, p_now timestamptz)
returns integer
language plpgsql stable set search_path = ''
as $$
-- How many items a claim of this machine takes before this one: its own, and those of the pools that it serves. What waits in other
-- queues that are closed now, or for other users who run as many as they may, is passed by, and not counted.
--
-- Arguments:
--   machine  null: nobody; then only what waits in its own lane is before it
--
-- Two ranges of one index for each lane: one condition over both would read everything that waits behind the item as well.
declare
    v_per_user integer := (
        select company.max_running_per_user
        from data.company as company
        where company.company_id = p_item.company_id);
    v_user_id  bigint := (
        select lane.user_id
        from data.lane as lane
        where lane.company_id = p_item.company_id
          and lane.lane_id = p_item.lane_id);
    v_lanes    bigint[];
begin
    v_lanes := case when p_machine.machine_id is null then array[p_item.lane_id] else array(
        select lane.lane_id
        from (
            select own.lane_id, own.policy_id, own.user_id, own.labels, true as of_machine
            from data.lane as own
            where own.company_id = p_item.company_id
              and own.machine_id = p_machine.machine_id
            union all
            select shared.lane_id, shared.policy_id, shared.user_id, shared.labels, false
            from data.lane as shared
            where shared.company_id = p_item.company_id
              and shared.team_id = p_machine.team_id
              and shared.machine_id is null) as lane
        cross join lateral (
            select policy as its
            from data.queue_policy as policy
            where policy.company_id = p_item.company_id
              and policy.policy_id = lane.policy_id
            offset 0) as found
        where lane.lane_id = p_item.lane_id
           or (lane.of_machine or queue.serves(p_machine, (found.its).queue_name, lane.labels))
          and (lane.policy_id = p_item.policy_id or not queue.closed(found.its, p_now))
          and (v_per_user is null or lane.user_id is null or lane.user_id = v_user_id
               or cardinality(queue.user_holders(p_item.company_id, lane.user_id, v_per_user)) < v_per_user)) end;

    return (
        select count(*)
        from (
            select ahead.queue_id
            from unnest(v_lanes) as lane (lane_id)
            cross join lateral (
                (select item.queue_id
                 from data.queue_item as item
                 where item.company_id = p_item.company_id
                   and item.lane_id = lane.lane_id
                   and item.status = 'PENDING'
                   and item.held is null
                   and item.priority > p_item.priority
                 order by item.priority desc, item.queue_id
                 limit p_at_most)
                union all
                (select item.queue_id
                 from data.queue_item as item
                 where item.company_id = p_item.company_id
                   and item.lane_id = lane.lane_id
                   and item.status = 'PENDING'
                   and item.held is null
                   and item.priority = p_item.priority
                   and item.queue_id < p_item.queue_id
                 order by item.priority desc, item.queue_id
                 limit p_at_most)) as ahead
            limit p_at_most) as counted);
end;
$$;
