create or replace function queue.require_webhook(p_caller auth.caller, p_webhook_id uuid)
returns data.webhook
language plpgsql volatile set search_path = ''
as $$
-- An endpoint, locked, if the caller is a member of its team. The right is checked first.
--
-- Errors:
--   JB404  no such endpoint, or not the caller's: one text for both
declare
    v_webhook data.webhook;
begin
    select webhook.*
    into v_webhook
    from data.webhook as webhook
    join data.team_member as member
        on member.company_id = webhook.company_id and member.team_id = webhook.team_id and member.user_id = p_caller.user_id
    where webhook.company_id = p_caller.company_id
      and webhook.webhook_uuid = p_webhook_id
    for no key update of webhook;
    if not found then
        raise exception using errcode = 'JB404', message = format('webhook %s not found', p_webhook_id);
    end if;
    return v_webhook;
end;
$$;
