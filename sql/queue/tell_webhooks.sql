create or replace function queue.tell_webhooks(
    p_company_id bigint,
    p_queue_ids  bigint[],
    p_event      data.event_kind,
    p_now        timestamptz)
returns void
language plpgsql volatile set search_path = ''
as $$
-- Put into the outbox what the endpoints of these items' teams are to be told.
--
-- Arguments:
--   queue_ids  locked, or new: so an item's messages are numbered in the order of its events
-- Rules:
--   In the transaction of the change: both are kept, or neither.
--   A company without endpoints pays for one look into an index.
--   Ids, names, status and times are told; nothing of a vault, nothing of the metadata.
declare
    v_event text := case p_event
        when 'CREATED' then 'item.created'
        when 'ASSIGNED' then 'item.assigned'
        when 'COMPLETED' then 'item.completed'
        when 'FAILED' then 'item.failed'
        when 'CANCELLED' then 'item.cancelled'
        when 'STALE' then 'item.stale'
        when 'DEAD_LETTERED' then 'item.dead_lettered'
    end;
begin
    if v_event is null or not exists (
        select from data.webhook as webhook
        where webhook.company_id = p_company_id
          and webhook.enabled) then
        return;
    end if;

    insert into data.webhook_delivery (
        company_id, webhook_id, message_uuid, event, subject_id, body, next_time, created_time)
    select p_company_id, webhook.webhook_id, data.uuid_v7(), v_event, item.queue_id,
           data.webhook_body(v_event, p_now, jsonb_build_object(
               'taskId', item.task_id,
               'queueId', item.queue_id,
               -- Some events are kept before the row changes.
               'status', case v_event
                   when 'item.created' then 'PENDING'
                   when 'item.completed' then 'COMPLETED'
                   when 'item.failed' then 'FAILED'
                   when 'item.cancelled' then 'CANCELLED'
                   when 'item.dead_lettered' then 'FAILED'
                   else item.status::text
               end,
               'teamName', team.team_name,
               'queueName', policy.queue_name,
               'machineName', coalesce(machine.machine_name::text, machine.removed_name::text),
               'attempt', item.attempt,
               'createdTime', data.time_text(item.created_time),
               'assignedTime', data.time_text(item.assigned_time),
               'startedTime', data.time_text(item.started_time),
               'finishedTime', data.time_text(case
                   when v_event in ('item.completed', 'item.failed', 'item.cancelled', 'item.dead_lettered')
                       then coalesce(item.finished_time, p_now)
               end))),
           p_now, p_now
    from unnest(p_queue_ids) as named (queue_id)
    join data.queue_item as item on item.company_id = p_company_id and item.queue_id = named.queue_id
    join data.webhook as webhook
        on webhook.company_id = p_company_id and webhook.team_id = item.team_id and webhook.enabled
        and webhook.events && array['*', v_event]
    join data.team as team on team.company_id = p_company_id and team.team_id = item.team_id
    join data.queue_policy as policy on policy.company_id = p_company_id and policy.policy_id = item.policy_id
    left join data.machine as machine on machine.company_id = p_company_id and machine.machine_id = item.machine_id;
end;
$$;
