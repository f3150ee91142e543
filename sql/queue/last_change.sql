create or replace function queue.last_change(p_company_id bigint, p_queue_id bigint)
returns bigint
language sql stable set search_path = ''
as $$
-- Number of the newest event that changed an item's state or its progress; 0: its events are older than what is kept.
select coalesce((
    select event.event_id
    from data.queue_event as event
    where event.company_id = p_company_id
      and event.queue_id = p_queue_id
      and event.event not in ('RESPONSE', 'STALE', 'RETRIED', 'LATE_COMPLETION', 'DEAD_LETTERED', 'PRIORITY_CHANGED',
          'PROTECTION_CHANGED')
    order by event.event_id desc
    limit 1), 0);
$$;
