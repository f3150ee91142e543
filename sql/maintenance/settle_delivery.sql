create or replace function maintenance.settle_delivery(
    p_company_id      bigint,
    p_delivery_id     bigint,
    p_lease_number    integer,
    p_delivered       boolean,
    p_gone            boolean,
    p_retry_seconds   double precision,
    p_response_status integer,
    p_problem         text,
    p_duration_ms     integer)
returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
-- Keep what became of an attempt to send a message.
--
-- Arguments:
--   lease_number   as maintenance.claim_deliveries told it
--   gone           the endpoint said that it wants no more: it is disabled
--   retry_seconds  when to try again; null: that was the last attempt
-- Returns:
--   whether it was kept; not, if the lease had run out and somebody else took the message, or the endpoint was deleted
-- Rules:
--   An endpoint whose message was tried for the last time in vain is disabled, and its team notified; tests aside.
declare
    v_now      timestamptz := data.clock();
    v_webhook  data.webhook;
    v_delivery data.webhook_delivery;
begin
    -- The endpoint first, as whoever changes or deletes it does.
    select webhook.*
    into v_webhook
    from data.webhook_delivery as delivery
    join data.webhook as webhook on webhook.company_id = delivery.company_id and webhook.webhook_id = delivery.webhook_id
    where delivery.company_id = p_company_id
      and delivery.delivery_id = p_delivery_id
    for no key update of webhook;

    update data.webhook_delivery as delivery
    set status = case
            when p_delivered then 'DELIVERED'
            when p_gone or p_retry_seconds is null or delivery.event = 'webhook.test' then 'FAILED'
            else 'PENDING'
        end::data.delivery_status,
        settled_time = case when p_delivered or p_gone or p_retry_seconds is null or delivery.event = 'webhook.test' then v_now end,
        attempt_count = delivery.attempt_count + 1,
        next_time = v_now + make_interval(secs => coalesce(p_retry_seconds, 0)),
        lease_until = null,
        last_time = v_now,
        response_status = p_response_status,
        problem = case when not p_delivered then left(p_problem, 500) end,
        duration_ms = p_duration_ms
    where delivery.company_id = p_company_id
      and delivery.delivery_id = p_delivery_id
      and delivery.lease_number = p_lease_number
      and delivery.status = 'PENDING'
    returning delivery.* into v_delivery;
    if v_delivery.delivery_id is null then
        return false;
    end if;

    if p_gone and not p_delivered then
        perform queue.disable_webhook(v_webhook, 'it answered 410, that it wants no more', v_now);
    elsif v_delivery.status = 'FAILED' and v_delivery.event <> 'webhook.test' then
        perform queue.disable_webhook(v_webhook, format('a message of type %s could not be sent in %s: %s', v_delivery.event,
            data.counted(v_delivery.attempt_count, 'attempt'), v_delivery.problem), v_now);
    end if;
    return true;
end;
$$;
