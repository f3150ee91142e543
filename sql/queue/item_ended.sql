create or replace function queue.item_ended(p_item data.queue_item, p_now timestamptz)
returns void
language plpgsql volatile set search_path = ''
as $$
-- What follows when an item has become COMPLETED, FAILED or CANCELLED, or is deleted unfinished. Whoever ends an item calls this.
--
-- Arguments:
--   item  locked, after the change; one that is deleted counts as CANCELLED
-- Rules:
--   Each item that FAILED leaves one dead letter, until somebody retries or discards it; who made the item is told, if he is
--   still there.
--   What depends on it is settled; an item that nothing depends on pays nothing for that.
begin
    if p_item.has_dependants then
        perform queue.settle_dependants(p_item, p_now);
    end if;

    if p_item.status <> 'FAILED' then
        return;
    end if;

    insert into data.dead_letter (company_id, queue_id, team_id, created_time)
    values (p_item.company_id, p_item.queue_id, p_item.team_id, p_now);
    perform data.record_event(p_item, 'DEAD_LETTERED', 'broker', p_now);

    insert into data.notification (company_id, user_id, queue_id, kind, message, created_time)
    select person.company_id, person.user_id, p_item.queue_id, 'DEAD_LETTERED',
           format('queue item %s failed (%s) after %s of %s attempts', p_item.queue_id, p_item.failure_reason, p_item.attempt,
               p_item.max_attempts), p_now
    from data.company_user as person
    where person.company_id = p_item.company_id
      and person.user_id = p_item.created_by
      and person.removed_time is null;
end;
$$;
