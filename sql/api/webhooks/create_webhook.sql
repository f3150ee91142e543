create or replace function api.create_webhook(
    p_webhook_material data.webhook_material,
    p_team_name        text,
    p_url              text,
    p_events           text[] default '{*}',
    p_description      text default null)
returns table (
    webhook_id   uuid,
    secret       data.revealed,
    team_name    text,
    url          text,
    events       text[],
    description  text,
    enabled      boolean,
    created_time timestamptz)
language plpgsql volatile security definer set search_path = ''
as $$
-- Have an address told of what happens to a team's items and machines.
--
-- Callers: users
-- Ceremony: webhook
-- Arguments:
--   teamName     a team of the caller
--   url          where to, https
--   events       which: item.created, item.assigned, item.completed, item.failed, item.cancelled, item.stale, item.dead_lettered,
--                machine.online, machine.offline; or *, all of them, which is the default
--   description  to know it by
-- Returns:
--   1: the endpoint, one row; its secret is shown here and nowhere else
-- Errors:
--   JB400  url, events or description is not of its form
--   JB403  the team is not the caller's, or there is no key to sign with
--   JB404  the company has no such team
--   JB409  the team has 20 endpoints
-- Rules:
--   Messages follow Standard Webhooks: POST with webhook-id, webhook-timestamp and webhook-signature, by which a receiver knows who
--   sent it. They name ids, states and times, and hold nothing of a vault.
--   At least once, and of each item and machine in the order in which it happened. An attempt that fails is repeated over three
--   days; then, or at the answer 410, the endpoint is disabled, and the team notified.
#variable_conflict use_column
declare
    v_caller  auth.caller := auth.enter_call();
    v_now     timestamptz := data.clock();
    v_team    data.team := auth.lock_team(v_caller, p_team_name);
    v_webhook data.webhook;
begin
    perform queue.require_webhook_settings(p_url, p_events, p_description);
    perform auth.require_keys(v_caller, (p_webhook_material).webhook_uuid);
    if 20 <= (
        select count(*)
        from data.webhook as webhook
        where webhook.company_id = v_caller.company_id
          and webhook.team_id = v_team.team_id) then
        raise exception using errcode = 'JB409', message = format('team %s has 20 webhooks: delete one first', v_team.team_name);
    end if;

    insert into data.webhook (
        company_id, webhook_uuid, team_id, url, events, description, sealed_secret, key_number, created_by, created_time)
    values (
        v_caller.company_id, (p_webhook_material).webhook_uuid, v_team.team_id, p_url, p_events, p_description,
        (p_webhook_material).sealed_secret, (p_webhook_material).key_number, v_caller.user_id, v_now)
    returning * into v_webhook;
    perform auth.audit(v_caller, v_now, 'Created', 'Webhook', v_webhook.webhook_uuid, data.webhook_name(p_url),
        format('in team %s, for %s', v_team.team_name, array_to_string(p_events, ', ')));

    return query
    select v_webhook.webhook_uuid, null::data.revealed, v_team.team_name::text, v_webhook.url, v_webhook.events,
           v_webhook.description, v_webhook.enabled, v_webhook.created_time;
end;
$$;
