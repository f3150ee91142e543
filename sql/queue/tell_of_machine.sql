create or replace function queue.tell_of_machine(
    p_machine      data.machine,
    p_event        text,
    p_last_contact timestamptz,
    p_now          timestamptz)
returns void
language plpgsql volatile set search_path = ''
as $$
-- Put into the outbox that a machine is heard of again, or not any more.
--
-- Arguments:
--   machine       locked
--   event         machine.online or machine.offline
--   last_contact  null: never
begin
    insert into data.webhook_delivery (
        company_id, webhook_id, message_uuid, event, subject_id, body, next_time, created_time)
    select p_machine.company_id, webhook.webhook_id, data.uuid_v7(), p_event, -p_machine.machine_id,
           data.webhook_body(p_event, p_now, jsonb_build_object(
               'status', case p_event when 'machine.online' then 'ONLINE' else 'OFFLINE' end,
               'teamName', team.team_name,
               'machineName', p_machine.machine_name,
               'lastContactTime', data.time_text(p_last_contact))),
           p_now, p_now
    from data.webhook as webhook
    join data.team as team on team.company_id = webhook.company_id and team.team_id = webhook.team_id
    where webhook.company_id = p_machine.company_id
      and webhook.team_id = p_machine.team_id
      and webhook.enabled
      and webhook.events && array['*', p_event];
end;
$$;
