create or replace function queue.claim(
    p_caller        auth.caller,
    p_machine_ids   bigint[],
    p_item_count    integer,
    p_lease_seconds integer,
    p_start         boolean,
    p_claim_hash    bytea,
    p_request_id    text)
returns data.claimed_item[]
language plpgsql volatile set search_path = ''
as $$
-- Take the next items of these machines: locked, assigned and fenced in one transaction.
--
-- Arguments:
--   machine_ids    machines that the caller may use and whose vaults he can open
--   claim_hash     SHA-256 of the claim token made for this call; null from psql
--   request_id     a call that was made before with it, within the first lease, gets the same items again
-- Returns:
--   the items with their request vaults, highest priority first, then oldest
-- Errors:
--   JB503  a machine was moved away from the bridge that claims
-- Rules:
--   An item is handed out once. The lock is taken on an ordered, limited selection that skips what others hold.
declare
    v_now     timestamptz := data.clock();
    v_lease   integer := coalesce(p_lease_seconds, 3 * 600);      -- three times the stale threshold, DESIGN 3.2
    v_ids     bigint[];
    v_items   data.claimed_item[];
    v_left    boolean;
begin
    if p_request_id is not null then
        v_ids := queue.repeat_claim(p_caller, p_machine_ids, p_request_id, p_claim_hash, v_now);
    end if;

    if coalesce(cardinality(v_ids), 0) = 0 then
        v_ids := queue.lock_next_items(p_caller.company_id, p_machine_ids, p_item_count);
        if cardinality(v_ids) = 0 then
            return array[]::data.claimed_item[];
        end if;

        update data.queue_item as item
        set status = case when p_start then 'PROCESSING' else 'ASSIGNED' end::data.queue_status,
            attempt = item.attempt + 1,
            claim_number = item.claim_number + 1,
            assigned_time = v_now,
            started_time = case when p_start then v_now end,
            last_heartbeat_time = v_now,
            lease_seconds = v_lease,
            lease_until = v_now + make_interval(secs => v_lease)
        where item.company_id = p_caller.company_id
          and item.queue_id = any(v_ids);

        insert into data.claim (
            company_id, queue_id, claim_number, attempt, claim_hash, token_id, user_id, actor, request_id, claimed_time,
            lease_seconds)
        select item.company_id, item.queue_id, item.claim_number, item.attempt, p_claim_hash, p_caller.token_id,
               p_caller.user_id, p_caller.actor, p_request_id, v_now, v_lease
        from data.queue_item as item
        where item.company_id = p_caller.company_id
          and item.queue_id = any(v_ids);

        -- One plain statement per event: both in one, from a list of kinds, cost a sixth of the claim.
        insert into data.queue_event (company_id, queue_id, event_time, event, attempt, actor)
        select item.company_id, item.queue_id, v_now, 'ASSIGNED', item.attempt, p_caller.actor
        from data.queue_item as item
        where item.company_id = p_caller.company_id
          and item.queue_id = any(v_ids);

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
            data.priority_level_of(item.priority, p_caller.plan), item.timeout_seconds, item.metadata)::data.claimed_item
        order by item.priority desc, item.queue_id), bool_or(its.bridge_id <> p_caller.bridge_id)
    into v_items, v_left
    from data.queue_item as item
    -- Item by item: as plain joins, planned on few rows, these read every vault of the company.
    cross join lateral (
        select stored as vault, stored.version, machine.machine_name, machine.bridge_id, bridge.bridge_name,
               team.team_name
        from data.vault_record as stored
        join data.machine as machine on machine.company_id = item.company_id and machine.machine_id = item.machine_id
        join data.bridge as bridge on bridge.company_id = item.company_id and bridge.bridge_id = machine.bridge_id
        join data.team as team on team.company_id = item.company_id and team.team_id = item.team_id
        where stored.company_id = item.company_id
          and stored.vault_record_id = item.request_vault_id
        offset 0) as its
    where item.company_id = p_caller.company_id
      and item.queue_id = any(v_ids);
    if v_left then
        raise exception using errcode = 'JB503', message = 'a machine left the bridge during the call: repeat it';
    end if;
    return v_items;
end;
$$;
