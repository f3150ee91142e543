create or replace function api.test_webhook(p_webhook_id uuid)
returns setof data.listed_delivery
language plpgsql volatile security definer set search_path = ''
as $$
-- Send a message of type webhook.test to an endpoint.
--
-- Callers: users
-- Arguments:
--   webhookId  an endpoint of a team of the caller
-- Returns:
--   1: the message, which waits to be sent, one row; what became of it, GetWebhookDeliveries shows
-- Errors:
--   JB404  the caller's teams have no such endpoint
--   JB409  it is disabled
-- Rules:
--   It is sent once, within seconds, and waits for nothing else; that it fails has no consequences.
declare
    v_caller   auth.caller := auth.enter_call();
    v_now      timestamptz := data.clock();
    v_webhook  data.webhook := queue.require_webhook(v_caller, p_webhook_id);
    v_delivery data.webhook_delivery;
begin
    if not v_webhook.enabled then
        raise exception using errcode = 'JB409', message = format('webhook %s is disabled: enable it first', v_webhook.webhook_uuid);
    end if;

    insert into data.webhook_delivery (company_id, webhook_id, message_uuid, event, body, next_time, created_time)
    values (
        v_caller.company_id, v_webhook.webhook_id, data.uuid_v7(), 'webhook.test',
        data.webhook_body('webhook.test', v_now, jsonb_build_object('webhookId', v_webhook.webhook_uuid)), v_now, v_now)
    returning * into v_delivery;
    perform auth.audit(v_caller, v_now, 'Tested', 'Webhook', v_webhook.webhook_uuid, data.webhook_name(v_webhook.url));

    return next queue.show_delivery(v_delivery, v_webhook.webhook_uuid);
end;
$$;
