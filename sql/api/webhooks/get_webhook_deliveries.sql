create or replace function api.get_webhook_deliveries(
    p_webhook_id  uuid,
    p_max_records integer default 100)
returns setof data.listed_delivery
language plpgsql volatile security definer set search_path = ''
as $$
-- What was sent to an endpoint, and what still is to be.
--
-- Callers: users
-- Arguments:
--   webhookId   an endpoint of a team of the caller
--   maxRecords  1 to 1000, default 100
-- Returns:
--   1: the messages, newest first; deliveryId is the webhook-id that the receiver sees, problem what was wrong with the last attempt
-- Errors:
--   JB400  maxRecords is out of range
--   JB404  the caller's teams have no such endpoint
-- Rules:
--   Messages that were sent, or given up, are listed for 30 days.
declare
    v_caller  auth.caller := auth.enter_call();
    v_webhook data.webhook;
begin
    if p_max_records not between 1 and 1000 then
        raise exception using errcode = 'JB400', message = format('maxRecords is %s: 1 to 1,000 are possible', p_max_records);
    end if;
    v_webhook := queue.require_webhook(v_caller, p_webhook_id);

    return query
    select (queue.show_delivery(delivery, v_webhook.webhook_uuid)).*
    from data.webhook_delivery as delivery
    where delivery.company_id = v_caller.company_id
      and delivery.webhook_id = v_webhook.webhook_id
    order by delivery.delivery_id desc
    limit p_max_records;
end;
$$;
