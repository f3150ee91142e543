create or replace function queue.wait_reasons_of_limits(p_item data.queue_item, p_policy data.queue_policy, p_now timestamptz)
returns data.wait_reason[]
language plpgsql stable set search_path = ''
as $$
-- Which limits keep this item from being started now: of its queue, its company, its user. They are counted as queue.rooms_of does.
--
-- Rules:
--   A user's items of every team count, but only those of the item's own team are named: the others are not the caller's to see.
declare
    c_shown    constant integer := 10;
    v_reasons  data.wait_reason[] := '{}';
    v_name     jsonb := jsonb_build_object('queueName', p_policy.queue_name);
    v_limits   data.company_limits;
    v_held     bigint[];
    v_tokens   double precision;
    v_user_id  bigint;
begin
    if p_policy.paused_time is not null then
        v_reasons := v_reasons || row('QUEUE_PAUSED', format('queue %s is paused', p_policy.queue_name), p_policy.paused_time, null,
            v_name || jsonb_build_object('by', p_policy.paused_by, 'reason', p_policy.pause_reason))::data.wait_reason;
    end if;
    v_held := queue.holders(p_item.company_id, p_policy.policy_id, p_policy.concurrency);
    if cardinality(v_held) >= p_policy.concurrency then
        v_reasons := v_reasons || row('QUEUE_CONCURRENCY', format('queue %s runs %s at once, and so many are running',
            p_policy.queue_name, data.counted(p_policy.concurrency, 'item')), null, null,
            v_name || jsonb_build_object('limit', p_policy.concurrency, 'queueIds', v_held[1:c_shown]))::data.wait_reason;
    end if;
    v_tokens := queue.tokens_of(p_policy, p_now);
    if v_tokens < 1 then
        v_reasons := v_reasons || row('QUEUE_RATE', format('queue %s starts %s a second', p_policy.queue_name, p_policy.rate_per_second),
            null, p_now + make_interval(secs => (1 - v_tokens) / p_policy.rate_per_second),
            v_name || jsonb_build_object('perSecond', p_policy.rate_per_second, 'maxBurst', p_policy.rate_burst))::data.wait_reason;
    end if;

    select company.max_running, company.max_running_per_user
    into v_limits
    from data.company as company
    where company.company_id = p_item.company_id;
    if v_limits.max_running is not null then
        v_held := array(
            select item.queue_id
            from data.queue_item as item
            where item.company_id = p_item.company_id
              and item.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING')
              and item.counted_user_id is not null
            limit v_limits.max_running);
        if cardinality(v_held) >= v_limits.max_running then
            v_reasons := v_reasons || row('COMPANY_CONCURRENCY', format('the company runs %s at once, and so many are running',
                data.counted(v_limits.max_running, 'item')), null, null,
                jsonb_build_object('limit', v_limits.max_running))::data.wait_reason;
        end if;
    end if;

    v_user_id := (
        select lane.user_id
        from data.lane as lane
        where lane.company_id = p_item.company_id
          and lane.lane_id = p_item.lane_id);
    if v_limits.max_running_per_user is not null and v_user_id is not null then
        v_held := queue.user_holders(p_item.company_id, v_user_id, v_limits.max_running_per_user);
        if cardinality(v_held) >= v_limits.max_running_per_user then
            v_reasons := v_reasons || row('USER_CONCURRENCY', format('of the user who made it %s may run at once, and so many are running',
                data.counted(v_limits.max_running_per_user, 'item')), null, null,
                jsonb_build_object('limit', v_limits.max_running_per_user, 'queueIds', array(
                    select item.queue_id
                    from data.queue_item as item
                    where item.company_id = p_item.company_id
                      and item.queue_id = any(v_held)
                      and item.team_id = p_item.team_id
                    order by item.queue_id
                    limit c_shown)))::data.wait_reason;
        end if;
    end if;
    return v_reasons;
end;
$$;
