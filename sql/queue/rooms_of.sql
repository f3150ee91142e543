create or replace function queue.rooms_of(
    p_company_id     bigint,
    p_limits         data.company_limits,
    p_lanes          data.open_lane[],
    p_now            timestamptz,
    out company_room integer,
    out policy_ids   bigint[],
    out policy_rooms integer[],
    out user_ids     bigint[],
    out user_rooms   integer[],
    out wake_after   double precision)
language plpgsql volatile set search_path = ''
as $$
-- How many items may start now: in the company, in each limited queue that has waiting items, and for each user.
--
-- Returns:
--   company_room  null: no limit
--   policy_rooms  of policy_ids; a queue that is not named has no limit
--   user_rooms    of user_ids, likewise
--   wake_after    seconds until the first of the empty buckets has a token again
-- Rules:
--   Company and queues are locked, in this order, until the claim has ended: whoever counts next sees what was taken. So no claim
--   goes beyond them at any moment; one that comes back after the sweep needs no room (queue.judge_claim).
--   What is counted are the items in agents' hands, by a partial index that holds no others.
--   Buckets fill continuously up to their burst (spec 3, rate limiting).
declare
    v_policy  data.queue_policy;
    v_user_id bigint;
    v_room    integer;
    v_tokens  double precision;
begin
    if num_nonnulls(p_limits.max_running, p_limits.max_running_per_user) > 0 then
        perform from data.company as company
        where company.company_id = p_company_id
        for no key update;
    end if;

    if p_limits.max_running is not null then
        company_room := p_limits.max_running - (
            select count(*)
            from data.queue_item as item
            where item.company_id = p_company_id
              and item.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING')
              and item.counted_user_id is not null);
    end if;

    for v_policy in
        select policy.*
        from data.queue_policy as policy
        where policy.company_id = p_company_id
          and policy.policy_id = any(array(
              select lane.policy_id
              from unnest(p_lanes) as lane
              cross join lateral (
                  select item.queue_id
                  from data.queue_item as item
                  where item.company_id = p_company_id
                    and item.lane_id = lane.lane_id
                    and item.status = 'PENDING'
                    and item.held is null
                    and item.queue_id >= lane.mark
                  order by item.priority desc, item.queue_id
                  limit 1) as first
              where lane.limited))
        order by policy.policy_id
        for no key update
    loop
        v_room := null;
        if v_policy.concurrency is not null then
            v_room := greatest(0, v_policy.concurrency - (
                select count(*)
                from data.queue_item as item
                where item.company_id = p_company_id
                  and item.policy_id = v_policy.policy_id
                  and item.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING')));
        end if;
        if v_policy.rate_per_second is not null then
            v_tokens := queue.tokens_of(v_policy, p_now);
            v_room := least(v_room, floor(v_tokens)::integer);
            if v_tokens < 1 then
                wake_after := least(wake_after, (1 - v_tokens) / v_policy.rate_per_second);
            end if;
        end if;
        policy_ids := policy_ids || v_policy.policy_id;
        policy_rooms := policy_rooms || v_room;
    end loop;

    if p_limits.max_running_per_user is not null then
        for v_user_id in
            select distinct lane.user_id
            from unnest(p_lanes) as lane
            where lane.user_id is not null
        loop
            user_ids := user_ids || v_user_id;
            user_rooms := user_rooms || greatest(0, p_limits.max_running_per_user - (
                select count(*)::integer
                from data.queue_item as item
                where item.company_id = p_company_id
                  and item.counted_user_id = v_user_id
                  and item.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING')));
        end loop;
    end if;
end;
$$;
