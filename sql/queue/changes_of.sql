create or replace function queue.changes_of(p_company_id bigint, p_queue_ids bigint[], p_after bigint)
returns data.item_change[]
language sql stable set search_path = ''
as $$
-- The changes of state of these items, in order.
--
-- Arguments:
--   after  only those with greater numbers
-- Rules:
--   The events tell which. PENDING was held back, by time or for other items, if the next thing that happened was its release, or
--   nothing has happened yet and it is.
select array(
    select row(step.event_id, step.event_time, step.queue_id, step.task_id, step.attempt, step.status,
               step.status = 'PENDING' and case
                   when step.next_event is null then step.held is not null
                   else step.next_event = 'RELEASED'
               end)::data.item_change
    from unnest(p_queue_ids) as watched (queue_id)
    cross join lateral (
        select event.event_id, event.event_time, event.queue_id, event.attempt, item.task_id, item.held,
               lead(event.event) over (order by event.event_id) as next_event,
               case event.event
                   when 'CREATED' then 'PENDING'
                   when 'RELEASED' then 'PENDING'
                   when 'REQUEUED' then 'PENDING'
                   when 'RETRY_SCHEDULED' then 'PENDING'
                   when 'CANCEL_REQUESTED' then 'CANCELLING'
                   else event.event::text
               end::data.queue_status as status
        from data.queue_item as item
        join data.queue_event as event on event.company_id = item.company_id and event.queue_id = item.queue_id
        where item.company_id = p_company_id
          and item.queue_id = watched.queue_id
          and event.event_id > p_after
          and event.event in (
              'CREATED', 'RELEASED', 'REQUEUED', 'RETRY_SCHEDULED', 'ASSIGNED', 'PROCESSING', 'CANCEL_REQUESTED', 'CANCELLED',
              'COMPLETED', 'FAILED')
        offset 0) as step
    order by step.event_id);
$$;
