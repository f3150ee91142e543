create or replace function api.delete_webhook(p_webhook_id uuid)
returns table (result text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Delete an endpoint, with what waits for it and the log of what was sent.
--
-- Callers: users
-- Arguments:
--   webhookId  an endpoint of a team of the caller
-- Returns:
--   1: that it was deleted, one row
-- Errors:
--   JB404  the caller's teams have no such endpoint
declare
    v_caller  auth.caller := auth.enter_call();
    v_now     timestamptz := data.clock();
    v_webhook data.webhook := queue.require_webhook(v_caller, p_webhook_id);
begin
    delete from data.webhook as webhook
    where webhook.company_id = v_caller.company_id
      and webhook.webhook_id = v_webhook.webhook_id;
    perform auth.audit(v_caller, v_now, 'Deleted', 'Webhook', v_webhook.webhook_uuid, data.webhook_name(v_webhook.url));

    return query
    select format('webhook %s deleted', v_webhook.webhook_uuid);
end;
$$;
