create or replace function api.update_webhook(
    p_webhook_id  uuid,
    p_url         text default null,
    p_events      text[] default null,
    p_description text default null,
    p_enabled     boolean default null)
returns setof data.listed_webhook
language plpgsql volatile security definer set search_path = ''
as $$
-- Change an endpoint; what is left out stays, its secret always.
--
-- Callers: users
-- Ceremony: webhook
-- Arguments:
--   webhookId    an endpoint of a team of the caller
--   url          where to, https
--   events       which, as in CreateWebhook; those that are not named are not told any more
--   description  to know it by
--   enabled      false: it is told of nothing new, and what waits for it stays; true: what waits is sent
-- Returns:
--   1: the endpoint after the change, one row
-- Errors:
--   JB400  url, events or description is not of its form
--   JB404  the caller's teams have no such endpoint
-- Rules:
--   What waits already goes to the new address.
#variable_conflict use_column
declare
    v_caller  auth.caller := auth.enter_call();
    v_now     timestamptz := data.clock();
    v_old     data.webhook := queue.require_webhook(v_caller, p_webhook_id);
    v_new     data.webhook := v_old;
    v_changes text;
begin
    perform queue.require_webhook_settings(p_url, p_events, p_description);
    v_new.url := coalesce(p_url, v_old.url);
    v_new.events := coalesce(p_events, v_old.events);
    v_new.description := coalesce(p_description, v_old.description);
    if p_enabled <> v_old.enabled then
        v_new.enabled := p_enabled;
        v_new.disabled_reason := case when not p_enabled then format('by %s', v_caller.actor) end;
        v_new.disabled_time := case when not p_enabled then v_now end;
    end if;

    update data.webhook as webhook
    set url = v_new.url,
        events = v_new.events,
        description = v_new.description,
        enabled = v_new.enabled,
        disabled_reason = v_new.disabled_reason,
        disabled_time = v_new.disabled_time
    where webhook.company_id = v_caller.company_id
      and webhook.webhook_id = v_old.webhook_id;

    v_changes := concat_ws(', ',
        case when v_new.url <> v_old.url then 'url' end,
        case when v_new.events <> v_old.events then 'events ' || array_to_string(v_new.events, ' ') end,
        case when v_new.description is distinct from v_old.description then 'description' end,
        case when v_new.enabled <> v_old.enabled then case when v_new.enabled then 'enabled' else 'disabled' end end);
    perform auth.audit(v_caller, v_now, 'Updated', 'Webhook', v_old.webhook_uuid, data.webhook_name(v_new.url),
        coalesce(nullif(v_changes, ''), 'nothing changed'));

    return next queue.show_webhook(v_new);
end;
$$;
