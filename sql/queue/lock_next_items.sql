create or replace function queue.lock_next_items(
    p_company_id   bigint,
    p_limits       data.company_limits,
    p_lanes        data.open_lane[],
    p_item_count   integer,
    p_now          timestamptz,
    out queue_ids  bigint[],
    out taker_ids  bigint[],
    out wake_after double precision)
language plpgsql volatile set search_path = '' set enable_sort = off
as $$
-- Lock the next pending items of these lanes, highest priority first, then oldest; skip what others hold and what has expired.
--
-- Arguments:
--   limits  of the company
--   lanes   none of them paused
-- Returns:
--   queue_ids   fewer than asked only when there are no more to be had, or others hold the first 100,000
--   taker_ids   of each the machine that gets it
--   wake_after  seconds until a rate limit that was reached lets the next one go
-- Rules:
--   Several teams take turns within a priority: one with a great backlog does not starve another on the same bridge.
--
-- One lane is one descent of queue_item_waiting. Of many, each offers its first few by such a descent, and the best that nobody
-- holds are locked, one by one: one ordered scan over `lane_id = any(...)` would sort the whole backlog. So would a plan made while
-- little waited, by another index; that is why sorting is discouraged. While another claim holds all that a lane offers, the lane is
-- passed by; when too few are left, each offers more.
declare
    c_deepest      constant integer := 100000;
    v_limited      boolean := num_nonnulls(p_limits.max_running, p_limits.max_running_per_user) > 0
        or exists (select from unnest(p_lanes) as lane where lane.limited);
    v_turns        boolean := (select min(lane.team_id) <> max(lane.team_id) from unnest(p_lanes) as lane);
    v_rooms        record;
    v_policy_ids   bigint[];
    v_policy_rooms integer[];
    v_user_ids     bigint[];
    v_user_rooms   integer[];
    v_count        integer := p_item_count;
    v_depth        integer := p_item_count;
    v_offered      bigint[];
    v_from         integer[];
    v_lane         data.open_lane;
    v_policy_at    integer;
    v_user_at      integer;
    v_status       data.queue_status;
    v_held         data.hold;
begin
    if cardinality(p_lanes) = 1 and not v_limited then
        v_lane := p_lanes[1];
        queue_ids := array(
            select item.queue_id
            from data.queue_item as item
            where item.company_id = p_company_id
              and item.lane_id = v_lane.lane_id
              and item.status = 'PENDING'
              and item.held is null
              and item.queue_id >= v_lane.mark
              and (item.expires_time is null or item.expires_time > p_now)
            order by item.priority desc, item.queue_id
            limit p_item_count
            for update skip locked);
        taker_ids := array_fill(v_lane.taker_id, array[cardinality(queue_ids)]);
        return;
    end if;

    if v_limited then
        v_rooms := queue.rooms_of(p_company_id, p_limits, p_lanes, p_now);
        v_policy_ids := v_rooms.policy_ids;
        v_user_ids := v_rooms.user_ids;
        wake_after := v_rooms.wake_after;
        v_count := least(p_item_count, v_rooms.company_room);
    end if;

    loop
        queue_ids := '{}';
        taker_ids := '{}';
        exit when v_count <= 0;
        if v_limited then
            v_policy_rooms := v_rooms.policy_rooms;
            v_user_rooms := v_rooms.user_rooms;
        end if;

        select array_agg(offer.queue_id order by offer.priority desc, offer.turn, offer.team_order, offer.queue_id),
               array_agg(offer.place order by offer.priority desc, offer.turn, offer.team_order, offer.queue_id)
        into v_offered, v_from
        from (
            select next.queue_id, next.priority, lane.ordinality::integer as place,
                   case when v_turns then row_number() over (partition by lane.team_id, next.priority order by next.queue_id) end as turn,
                   case when v_turns then hashint8extended(lane.team_id, (extract(epoch from p_now) * 1000000)::bigint) end as team_order
            from unnest(p_lanes) with ordinality as lane
            cross join lateral (
                select item.queue_id, item.priority
                from data.queue_item as item
                where item.company_id = p_company_id
                  and item.lane_id = lane.lane_id
                  and item.status = 'PENDING'
                  and item.held is null
                  and item.queue_id >= lane.mark
                  and (item.expires_time is null or item.expires_time > p_now)
                order by item.priority desc, item.queue_id
                limit case
                    -- What came into a limited queue after its room was looked for has to wait for the next claim.
                    when lane.limited and array_position(v_policy_ids, lane.policy_id) is null then 0
                    when v_policy_rooms[array_position(v_policy_ids, lane.policy_id)] = 0 then 0
                    when v_user_rooms[array_position(v_user_ids, lane.user_id)] = 0 then 0
                    else v_depth
                end) as next) as offer;

        for v_place in 1 .. coalesce(cardinality(v_offered), 0) loop
            exit when cardinality(queue_ids) = v_count;
            v_lane := p_lanes[v_from[v_place]];
            if v_limited then
                v_policy_at := array_position(v_policy_ids, v_lane.policy_id);
                v_user_at := array_position(v_user_ids, v_lane.user_id);
                continue when v_policy_rooms[v_policy_at] = 0 or v_user_rooms[v_user_at] = 0;
            end if;

            -- The status is judged afterwards: as a condition it would allow a whole partial index to be read.
            select item.status, item.held
            into v_status, v_held
            from data.queue_item as item
            where item.company_id = p_company_id
              and item.queue_id = v_offered[v_place]
            for update skip locked;
            continue when not found or v_status <> 'PENDING' or v_held is not null;
            queue_ids := queue_ids || v_offered[v_place];
            taker_ids := taker_ids || v_lane.taker_id;
            if v_policy_at is not null then
                v_policy_rooms[v_policy_at] := v_policy_rooms[v_policy_at] - 1;
            end if;
            if v_user_at is not null then
                v_user_rooms[v_user_at] := v_user_rooms[v_user_at] - 1;
            end if;
        end loop;

        -- Deeper only where a lane was cut off that has room left.
        exit when cardinality(queue_ids) = v_count or v_depth > c_deepest or not exists (
            select from unnest(v_from) as offered (place)
            where v_policy_rooms[array_position(v_policy_ids, (p_lanes[offered.place]).policy_id)] is distinct from 0
              and v_user_rooms[array_position(v_user_ids, (p_lanes[offered.place]).user_id)] is distinct from 0
            group by offered.place
            having count(*) >= v_depth);
        v_depth := v_depth * 8;
    end loop;

    if v_limited and cardinality(queue_ids) > 0 then
        perform queue.spend_tokens(p_company_id, v_rooms.policy_ids, v_rooms.policy_rooms, v_policy_rooms, p_now);
    end if;
end;
$$;
