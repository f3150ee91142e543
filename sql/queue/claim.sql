create or replace function queue.claim(
    p_caller        auth.caller,
    p_machine_ids   bigint[],
    p_pool_ids      bigint[],
    p_item_count    integer,
    p_lease_seconds integer,
    p_start         boolean,
    p_claim_hash    bytea,
    p_request_id    text,
    out items       data.claimed_item[],
    out wait_keys   text[],
    out wake_after  double precision)
language plpgsql volatile set search_path = ''
as $$
-- Take the next items of these machines: locked, assigned and fenced in one transaction.
--
-- Arguments:
--   machine_ids    machines that the caller may use and whose vaults he can open
--   pool_ids       teams of whose pools the same is true
--   claim_hash     SHA-256 of the claim token made for this call; null from psql
--   request_id     a call that was made before with it, within the first lease, gets the same items again
-- Returns:
--   items       with their request vaults, highest priority first, then oldest
--   wait_keys   keys of the hub that are woken when there may be more
--   wake_after  seconds after which to look again: when a rate limit lets the next one go, or 10 where something else holds items up
-- Errors:
--   JB503  a machine was moved away from the bridge that claims
-- Rules:
--   An item is handed out once. The lock is taken on an ordered, limited selection that skips what others hold.
declare
    v_now     timestamptz := data.clock();
    v_lease   integer := coalesce(p_lease_seconds, 3 * 600);      -- three times the stale threshold, DESIGN 3.2
    v_limits  data.company_limits := queue.pass_gate(p_caller.company_id);
    v_lanes   data.open_lane[];
    v_next    record;
    v_ids     bigint[];
    v_left    boolean;
begin
    if p_request_id is not null then
        v_ids := queue.repeat_claim(p_caller, p_machine_ids, p_pool_ids, p_request_id, p_claim_hash, v_now);
    end if;

    if coalesce(cardinality(v_ids), 0) = 0 then
        v_lanes := queue.lanes_of(p_caller.company_id, p_machine_ids, p_pool_ids);
        v_next := queue.lock_next_items(p_caller.company_id, v_limits,
            array(select lane from unnest(v_lanes) as lane where not lane.paused), p_item_count, v_now);
        v_ids := v_next.queue_ids;
        if cardinality(v_ids) = 0 then
            items := array[]::data.claimed_item[];
            wait_keys := queue.wait_keys(p_caller.company_id, p_machine_ids, p_pool_ids, v_lanes, v_limits);
            wake_after := v_next.wake_after;
            -- Sweeps and psql wake nobody: where items wait that may not start, there is a look in 10 seconds all the same.
            if cardinality(wait_keys) > cardinality(p_machine_ids) + cardinality(p_pool_ids) and exists (
                select
                from unnest(v_lanes) as lane
                cross join lateral (
                    select item.queue_id
                    from data.queue_item as item
                    where item.company_id = p_caller.company_id
                      and item.lane_id = lane.lane_id
                      and item.status = 'PENDING'
                      and item.held is null
                      and item.queue_id >= lane.mark
                    order by item.priority desc, item.queue_id
                    limit 1) as first) then
                wake_after := least(wake_after, 10);
            end if;
            return;
        end if;

        update data.queue_item as item
        set status = case when p_start then 'PROCESSING' else 'ASSIGNED' end::data.queue_status,
            attempt = item.attempt + 1,
            claim_number = item.claim_number + 1,
            machine_id = coalesce(item.machine_id, v_next.taker_ids[array_position(v_ids, item.queue_id)]),
            assigned_time = v_now,
            started_time = case when p_start then v_now end,
            last_heartbeat_time = v_now,
            lease_seconds = v_lease,
            lease_until = v_now + make_interval(secs => v_lease),
            deadline_time = v_now + make_interval(secs => item.timeout_seconds)
        where item.company_id = p_caller.company_id
          and item.queue_id = any(v_ids);

        insert into data.claim (
            company_id, queue_id, claim_number, attempt, claim_hash, token_id, user_id, actor, request_id, claimed_time,
            lease_seconds, machine_id)
        select item.company_id, item.queue_id, item.claim_number, item.attempt, p_claim_hash, p_caller.token_id,
               p_caller.user_id, p_caller.actor, p_request_id, v_now, v_lease, item.machine_id
        from data.queue_item as item
        where item.company_id = p_caller.company_id
          and item.queue_id = any(v_ids);

        -- One plain statement per event: both in one, from a list of kinds, cost a sixth of the claim.
        insert into data.queue_event (company_id, queue_id, event_time, event, attempt, actor)
        select item.company_id, item.queue_id, v_now, 'ASSIGNED', item.attempt, p_caller.actor
        from data.queue_item as item
        where item.company_id = p_caller.company_id
          and item.queue_id = any(v_ids);
        perform queue.tell_webhooks(p_caller.company_id, v_ids, 'ASSIGNED', v_now);

        if p_start then
            insert into data.queue_event (company_id, queue_id, event_time, event, attempt, actor)
            select item.company_id, item.queue_id, v_now, 'PROCESSING', item.attempt, p_caller.actor
            from data.queue_item as item
            where item.company_id = p_caller.company_id
              and item.queue_id = any(v_ids);
        end if;
    end if;

    select array_agg(
        row(item.created_time, its.version, data.vault_of(its.vault), its.machine_name, its.bridge_name, its.team_name,
            item.queue_id, item.task_id, p_claim_hash, item.attempt, item.lease_seconds, item.lease_until,
            data.priority_level_of(item.priority, p_caller.plan), item.timeout_seconds, item.metadata, its.queue_name,
            nullif(its.secrets, '{}'), array[queue.item_key(item.company_id, item.queue_id)])::data.claimed_item
        order by item.priority desc, item.queue_id), bool_or(its.bridge_id <> p_caller.bridge_id)
    into items, v_left
    from data.queue_item as item
    -- Item by item: as plain joins, planned on few rows, these read every vault of the company.
    cross join lateral (
        select stored as vault, stored.version, machine.machine_name, machine.bridge_id, bridge.bridge_name,
               team.team_name, policy.queue_name, policy.secrets
        from data.vault_record as stored
        join data.machine as machine on machine.company_id = item.company_id and machine.machine_id = item.machine_id
        join data.bridge as bridge on bridge.company_id = item.company_id and bridge.bridge_id = machine.bridge_id
        join data.team as team on team.company_id = item.company_id and team.team_id = item.team_id
        join data.queue_policy as policy on policy.company_id = item.company_id and policy.policy_id = item.policy_id
        where stored.company_id = item.company_id
          and stored.vault_record_id = item.request_vault_id
        offset 0) as its
    where item.company_id = p_caller.company_id
      and item.queue_id = any(v_ids);
    if v_left then
        raise exception using errcode = 'JB503', message = 'a machine left the bridge during the call: repeat it';
    end if;
end;
$$;
