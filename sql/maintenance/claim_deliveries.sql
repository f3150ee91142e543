create or replace function maintenance.claim_deliveries(p_at_once integer, p_each_at_once integer, p_lease_seconds integer)
returns setof data.claimed_delivery
language plpgsql volatile security definer set search_path = '' set enable_seqscan = off set enable_bitmapscan = off
as $$
-- Take messages to endpoints that are due, under a lease: who took one has that long to send it and to say what became of it.
--
-- Arguments:
--   at_once       at most so many
--   each_at_once  no endpoint is sent more than so many at once, by all brokers together
-- Rules:
--   Any number of brokers share the work: each endpoint is looked at by one at a time, the others pass it by.
--   Of an item, or a machine, the next message is taken when the one before it was sent or given up.
--   What a broker took that was killed is taken by the next one when the lease has run out: each message is sent at least once.
declare
    v_now     timestamptz := data.clock();
    v_left    integer := p_at_once;
    v_named   record;
    v_webhook data.webhook;
    v_company uuid;
    v_room    bigint;
    v_taken   data.webhook_delivery;
begin
    for v_named in
        select webhook.company_id, webhook.webhook_id
        from data.webhook as webhook
        cross join lateral (
            select delivery.next_time
            from data.webhook_delivery as delivery
            where delivery.company_id = webhook.company_id
              and delivery.webhook_id = webhook.webhook_id
              and delivery.status = 'PENDING'
              and delivery.next_time <= v_now
            order by delivery.next_time
            limit 1) as first
        where webhook.enabled
        order by first.next_time
    loop
        exit when v_left < 1;
        select webhook.*
        into v_webhook
        from data.webhook as webhook
        where webhook.company_id = v_named.company_id
          and webhook.webhook_id = v_named.webhook_id
          and webhook.enabled
        for no key update skip locked;
        continue when not found;

        select p_each_at_once - count(*)
        into v_room
        from data.webhook_delivery as delivery
        where delivery.company_id = v_webhook.company_id
          and delivery.webhook_id = v_webhook.webhook_id
          and delivery.status = 'PENDING'
          and delivery.lease_until > v_now;
        select company.company_uuid
        into v_company
        from data.company as company
        where company.company_id = v_webhook.company_id;

        for v_taken in
            update data.webhook_delivery as taken
            set lease_number = taken.lease_number + 1,
                lease_until = v_now + make_interval(secs => p_lease_seconds)
            where taken.company_id = v_webhook.company_id
              and taken.delivery_id in (
                  select delivery.delivery_id
                  from data.webhook_delivery as delivery
                  where delivery.company_id = v_webhook.company_id
                    and delivery.webhook_id = v_webhook.webhook_id
                    and delivery.status = 'PENDING'
                    and delivery.next_time <= v_now
                    and coalesce(delivery.lease_until <= v_now, true)
                    -- The first that waits of its item; a limit keeps this one look into an index for each message.
                    and coalesce((
                        select earlier.delivery_id
                        from data.webhook_delivery as earlier
                        where earlier.company_id = delivery.company_id
                          and earlier.webhook_id = delivery.webhook_id
                          and earlier.subject_id = delivery.subject_id
                          and earlier.status = 'PENDING'
                        order by earlier.delivery_id
                        limit 1), delivery.delivery_id) = delivery.delivery_id
                  order by delivery.next_time, delivery.delivery_id
                  limit greatest(least(v_room, v_left), 0))
            returning taken.*
        loop
            v_left := v_left - 1;
            return next row(
                v_taken.company_id, v_taken.delivery_id, v_taken.lease_number, v_taken.attempt_count, v_taken.event,
                v_taken.message_uuid, v_taken.body, v_webhook.url, v_company, v_webhook.webhook_uuid, v_webhook.sealed_secret,
                v_webhook.key_number)::data.claimed_delivery;
        end loop;
    end loop;
end;
$$;
