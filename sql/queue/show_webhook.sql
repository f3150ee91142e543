create or replace function queue.show_webhook(p_webhook data.webhook)
returns data.listed_webhook
language plpgsql stable set search_path = ''
as $$
-- An endpoint as it is listed; never its secret. waiting_count counts up to 10,000.
declare
    v_shown data.listed_webhook;
begin
    select p_webhook.webhook_uuid, team.team_name, p_webhook.url, p_webhook.events, p_webhook.description, p_webhook.enabled,
           p_webhook.disabled_reason, p_webhook.disabled_time, maker.email, p_webhook.created_time, (
               select count(*)
               from (
                   select
                   from data.webhook_delivery as delivery
                   where delivery.company_id = p_webhook.company_id
                     and delivery.webhook_id = p_webhook.webhook_id
                     and delivery.status = 'PENDING'
                   limit 10000) as waiting)
    into v_shown
    from data.team as team
    left join data.company_user as maker on maker.company_id = team.company_id and maker.user_id = p_webhook.created_by
    where team.company_id = p_webhook.company_id
      and team.team_id = p_webhook.team_id;
    return v_shown;
end;
$$;
