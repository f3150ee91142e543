create or replace function queue.disable_webhook(p_webhook data.webhook, p_reason text, p_now timestamptz)
returns void
language plpgsql volatile set search_path = ''
as $$
-- The broker gives up an endpoint: it is told of nothing new, what waits for it stays, and the members of its team are notified.
--
-- Arguments:
--   webhook  locked
--   reason   completes the sentence "webhook ... was disabled: ..."
declare
    v_caller auth.caller;
begin
    if not p_webhook.enabled then
        return;
    end if;

    update data.webhook as webhook
    set enabled = false,
        disabled_reason = p_reason,
        disabled_time = p_now
    where webhook.company_id = p_webhook.company_id
      and webhook.webhook_id = p_webhook.webhook_id;

    insert into data.notification (company_id, user_id, kind, message, created_time)
    select member.company_id, member.user_id, 'WEBHOOK_DISABLED', format('webhook %s (%s) was disabled: %s',
        p_webhook.webhook_uuid, data.webhook_name(p_webhook.url), p_reason), p_now
    from data.team_member as member
    join data.company_user as person on person.company_id = member.company_id and person.user_id = member.user_id
    where member.company_id = p_webhook.company_id
      and member.team_id = p_webhook.team_id
      and person.removed_time is null;

    v_caller.company_id := p_webhook.company_id;
    v_caller.actor := 'broker';
    v_caller.procedure_name := 'maintenance.settle_delivery';
    perform auth.audit(v_caller, p_now, 'Disabled', 'Webhook', p_webhook.webhook_uuid, data.webhook_name(p_webhook.url), p_reason);
end;
$$;
