create or replace function api.get_team_webhooks(p_team_name data.name_list default null, p_webhook_id uuid default null)
returns setof data.listed_webhook
language plpgsql volatile security definer set search_path = ''
as $$
-- List the endpoints of teams.
--
-- Callers: users
-- Arguments:
--   teamName   teams of the caller, separated by commas; left out: all of them
--   webhookId  only this one
-- Returns:
--   1: the endpoints, the oldest of a team first; waitingCount is of messages that are still to be sent, counted up to 10,000
-- Errors:
--   JB403  a team named is not the caller's
-- Rules:
--   Teams that the company does not have are ignored. No secret is shown again.
declare
    v_caller   auth.caller := auth.enter_call();
    v_team_ids bigint[] := auth.named_teams(v_caller, p_team_name);
begin
    return query
    select shown.*
    from data.team as team
    join data.webhook as webhook on webhook.company_id = team.company_id and webhook.team_id = team.team_id
    cross join lateral queue.show_webhook(webhook) as shown
    where team.company_id = v_caller.company_id
      and team.team_id = any(v_team_ids)
      and (p_webhook_id is null or webhook.webhook_uuid = p_webhook_id)
    order by lower(team.team_name), webhook.webhook_id;
end;
$$;
