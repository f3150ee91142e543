create or replace function queue.show_sign_of_life(
    p_caller        auth.caller,
    p_item          data.queue_item,
    p_claim         data.claim,
    p_now           timestamptz,
    p_lease_seconds integer,
    p_progress      double precision,
    p_metrics       jsonb)
returns data.queue_item
language plpgsql volatile set search_path = ''
as $$
-- Renew the lease of a good claim. The first sign makes the item PROCESSING; one that the sweep had put back is taken up again.
--
-- Arguments:
--   item, claim        locked, and judged good
--   lease_seconds      null: as long as before
--   progress, metrics  null: as they were
-- Returns:
--   the item after the change
declare
    v_item    data.queue_item := p_item;
    v_lease   integer := coalesce(p_lease_seconds, p_item.lease_seconds, p_claim.lease_seconds);
    v_revived boolean := p_item.status = 'PENDING';
begin
    if p_claim.sign_time is null or v_revived then
        update data.claim as claim
        set sign_time = coalesce(claim.sign_time, p_now),
            ended_time = null,
            outcome = null,
            response_vault_id = null
        where claim.company_id = p_claim.company_id
          and claim.queue_id = p_claim.queue_id
          and claim.claim_number = p_claim.claim_number;
    end if;

    update data.queue_item as item
    set status = case when item.status = 'CANCELLING' then item.status else 'PROCESSING' end,
        attempt = p_claim.attempt,
        started_time = coalesce(item.started_time, p_now),
        assigned_time = coalesce(item.assigned_time, p_claim.claimed_time),
        machine_id = coalesce(item.machine_id, p_claim.machine_id),
        response_vault_id = coalesce(item.response_vault_id, p_claim.response_vault_id),
        last_heartbeat_time = p_now,
        lease_seconds = v_lease,
        lease_until = p_now + make_interval(secs => v_lease),
        -- The timeout is that of the execution, which begins with the first sign.
        deadline_time = case
            when p_item.status in ('ASSIGNED', 'PENDING')
                then coalesce(p_claim.sign_time, p_now) + make_interval(secs => item.timeout_seconds)
            else item.deadline_time
        end,
        progress = coalesce(p_progress, item.progress),
        metrics = coalesce(p_metrics, item.metrics),
        stale_time = null
    where item.company_id = p_item.company_id
      and item.queue_id = p_item.queue_id
    returning item.* into v_item;

    if p_item.status in ('ASSIGNED', 'PENDING') then
        perform data.record_event(v_item, 'PROCESSING', p_caller.actor, p_now,
            case when v_revived then 'the claim that had lost its lease is back' end);
    end if;
    return v_item;
end;
$$;
