create or replace function queue.lock_all_unfinished(p_company_id bigint)
returns bigint[]
language plpgsql volatile set search_path = ''
as $$
-- Lock what a company has not finished, in ascending order. The caller has closed the gate: nothing is added or handed out
-- meanwhile; items may end, and those that have are not among the answer's.
--
-- Found queue by queue, through the indexes that hold no finished items.
declare
    v_ids bigint[];
begin
    v_ids := array(
        select item.queue_id
        from (
            select policy.policy_id
            from data.queue_policy as policy
            where policy.company_id = p_company_id
              and policy.removed_time is null
            offset 0) as its
        cross join lateral (
            select waiting.queue_id
            from (
                select lane.lane_id
                from data.lane as lane
                where lane.company_id = p_company_id
                  and lane.policy_id = its.policy_id
                offset 0) as place
            cross join lateral (
                (select first.queue_id
                 from data.queue_item as first
                 where first.company_id = p_company_id
                   and first.lane_id = place.lane_id
                   and first.status = 'PENDING'
                   and first.held is null
                 order by first.priority desc, first.queue_id)
                union all
                (select later.queue_id
                 from data.queue_item as later
                 where later.company_id = p_company_id
                   and later.lane_id = place.lane_id
                   and later.status = 'PENDING'
                   and later.held is not null
                 order by later.lane_id)) as waiting
            union all
            select live.queue_id
            from data.queue_item as live
            where live.company_id = p_company_id
              and live.policy_id = its.policy_id
              and live.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING')) as item
        order by item.queue_id);

    return array(
        select item.queue_id
        from unnest(v_ids) as listed (queue_id)
        cross join lateral (
            select locked.queue_id
            from data.queue_item as locked
            where locked.company_id = p_company_id
              and locked.queue_id = listed.queue_id
              and locked.finished_time is null
            for update) as item);
end;
$$;
