create or replace function queue.close_orphans(
    p_company_id    bigint,
    p_policy_ids    bigint[],
    p_lost_lane_ids bigint[],
    p_now           timestamptz)
returns integer
language plpgsql volatile set search_path = ''
as $$
-- Repair what belongs to nothing any more in these queues, as only a fault or a hand in the database can leave it.
--
-- Arguments:
--   lost_lane_ids  as queue.lost_lanes gives them
-- Returns:
--   how many were repaired; 1,000 of each kind at most
-- Rules:
--   An open claim of an item that is in nobody's hands ends as LOST; looked at are items that wait, or ended within a day.
--   A lane of a deleted queue goes when it is empty. An item that waits in a lane that is gone gets one.
--   An item that waits for others, all of which have ended, goes on, or fails as it would have.
--   What somebody is changing right now is locked, and skipped.
declare
    v_ids     bigint[];
    v_lane    data.lane;
    v_item    data.queue_item;
    v_lane_id bigint;
    v_limited boolean;
    v_count   integer := 0;
begin
    v_ids := array(
        select item.queue_id
        from queue.recent_items(p_company_id, p_policy_ids, null, p_now - interval '1 day') as item
        where item.status not in ('ASSIGNED', 'PROCESSING', 'CANCELLING')
          and exists (
              select from data.claim as claim
              where claim.company_id = p_company_id
                and claim.queue_id = item.queue_id
                and claim.outcome is null)
        limit 1000);
    -- Only these are locked: what is locked, claims pass by.
    v_ids := array(
        select item.queue_id
        from data.queue_item as item
        where item.company_id = p_company_id
          and item.queue_id = any(v_ids)
          and item.status not in ('ASSIGNED', 'PROCESSING', 'CANCELLING')
        for update skip locked);
    update data.claim as claim
    set ended_time = p_now,
        outcome = 'LOST'
    where claim.company_id = p_company_id
      and claim.queue_id = any(v_ids)
      and claim.outcome is null;
    get diagnostics v_count = row_count;

    for v_lane in
        select lane.*
        from data.lane as lane
        join data.queue_policy as policy on policy.company_id = lane.company_id and policy.policy_id = lane.policy_id
        where lane.company_id = p_company_id
          and lane.policy_id = any(p_policy_ids)
          and policy.removed_time is not null
        order by lane.lane_id
        limit 1000
        for update of lane skip locked
    loop
        if queue.is_idle_lane(v_lane) then
            delete from data.lane as lane
            where lane.company_id = p_company_id
              and lane.lane_id = v_lane.lane_id;
            v_count := v_count + 1;
        end if;
    end loop;

    select company.max_running_per_user is not null
    into v_limited
    from data.company as company
    where company.company_id = p_company_id;
    v_ids := '{}';
    for v_item in
        select lost.*
        from data.queue_item as lost
        join data.queue_policy as policy on policy.company_id = lost.company_id and policy.policy_id = lost.policy_id
        where lost.company_id = p_company_id
          and lost.lane_id = any(p_lost_lane_ids)
          and lost.policy_id = any(p_policy_ids)
          and lost.status = 'PENDING'
          and lost.held is null
          and policy.removed_time is null
        order by lost.queue_id
        limit 1000
        for update of lost skip locked
    loop
        v_lane_id := queue.lane_of(p_company_id, v_item.policy_id, case when not v_item.pooled then v_item.machine_id end,
            v_item.labels, case when v_limited then v_item.counted_user_id end);
        update data.queue_item as item
        set lane_id = v_lane_id
        where item.company_id = p_company_id
          and item.queue_id = v_item.queue_id;
        v_ids := v_ids || v_item.queue_id;
    end loop;
    perform queue.enter_lanes(p_company_id, v_ids);
    v_count := v_count + cardinality(v_ids);

    for v_item in
        select item.*
        from data.lane as lane
        join data.queue_item as item on item.company_id = lane.company_id and item.lane_id = lane.lane_id
        where lane.company_id = p_company_id
          and lane.policy_id = any(p_policy_ids)
          and item.status = 'PENDING'
          and item.held = 'DEPENDENCY'
          and not exists (
              select from data.dependency as dependency
              join data.queue_item as need
                  on need.company_id = dependency.company_id and need.queue_id = dependency.needs_queue_id
              where dependency.company_id = item.company_id
                and dependency.queue_id = item.queue_id
                and need.finished_time is null)
        order by item.queue_id
        limit 1000
        for update of item skip locked
    loop
        v_count := v_count + 1;
        perform from data.dependency as dependency
        join data.queue_item as need
            on need.company_id = dependency.company_id and need.queue_id = dependency.needs_queue_id
        where dependency.company_id = p_company_id
          and dependency.queue_id = v_item.queue_id
          and need.status in ('FAILED', 'CANCELLED');
        if found and not v_item.run_anyway then
            perform queue.settle_dependants(queue.fail_dependant(v_item, v_item, p_now), p_now);
        else
            perform queue.count_down(p_company_id,
                array_fill(v_item.queue_id, array[greatest(v_item.open_dependency_count, 1)]), p_now);
        end if;
    end loop;
    return v_count;
end;
$$;
