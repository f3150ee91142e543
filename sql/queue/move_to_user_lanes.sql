create or replace function queue.move_to_user_lanes(p_company_id bigint, p_queue_ids bigint[], p_per_user boolean)
returns void
language plpgsql volatile set search_path = '' set enable_hashjoin = on set plan_cache_mode = force_custom_plan
as $$
-- Give unfinished items lanes of their users, when a company begins to limit each user, or take them back to those of all.
--
-- Arguments:
--   queue_ids  all unfinished items of the company, locked, its gate closed. One in an agent's hands moves too: it may come back
--   per_user   whether each user has lanes of his own from now on
declare
    v_from  bigint[];
    v_users bigint[];
    v_to    bigint[];
begin
    select array_agg(place.lane_id), array_agg(place.user_id), array_agg(place.next_lane_id)
    into v_from, v_users, v_to
    from (
        select used.lane_id, used.user_id, queue.lane_of(p_company_id, lane.policy_id, lane.machine_id, lane.labels,
                                                         case when p_per_user then used.user_id end) as next_lane_id
        from (
            select distinct item.lane_id, item.created_by as user_id
            from data.queue_item as item
            where item.company_id = p_company_id
              and item.queue_id = any(p_queue_ids)) as used
        join data.lane as lane on lane.company_id = p_company_id and lane.lane_id = used.lane_id) as place;

    update data.queue_item as item
    set lane_id = moved.next_lane_id
    from unnest(v_from, v_users, v_to) as moved (lane_id, user_id, next_lane_id)
    where item.company_id = p_company_id
      and item.queue_id = any(p_queue_ids)
      and item.lane_id = moved.lane_id
      and item.created_by = moved.user_id;

    perform queue.enter_lanes(p_company_id, p_queue_ids);
    delete from data.lane as lane
    where lane.company_id = p_company_id
      and (lane.user_id is not null) <> p_per_user;
end;
$$;
