create or replace function data.record_event(
    p_item    data.queue_item,
    p_event   data.event_kind,
    p_actor   text,
    p_time    timestamptz,
    p_details text default null)
returns void
language plpgsql volatile set search_path = ''
as $$
-- Keep what happened to an item. Details hold names, numbers and reasons given by callers; never what a job printed.
-- Endpoints of webhooks are told what they asked for.
begin
    insert into data.queue_event (company_id, queue_id, event_time, event, attempt, actor, details)
    values (p_item.company_id, p_item.queue_id, p_time, p_event, p_item.attempt, p_actor, p_details);
    if p_event in ('ASSIGNED', 'COMPLETED', 'FAILED', 'CANCELLED', 'STALE', 'DEAD_LETTERED') then
        perform queue.tell_webhooks(p_item.company_id, array[p_item.queue_id], p_event, p_time);
    end if;
end;
$$;
