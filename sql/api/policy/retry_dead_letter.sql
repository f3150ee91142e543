create or replace function api.retry_dead_letter(p_dead_letter_id bigint)
returns table (
    dead_letter_id    bigint,
    status            data.dead_letter_status,
    original_queue_id bigint,
    queue_id          bigint,
    task_id           uuid,
    "time"            timestamptz,
    machine_name      text,
    wake              data.wake)
language plpgsql volatile security definer set search_path = ''
as $$
-- Queue what has failed for good once more, as a new item.
--
-- Callers: users
-- Arguments:
--   deadLetterId  as GetDeadLetters lists it
-- Returns:
--   1: the dead letter, resolved, and the new item, one row
-- Errors:
--   JB404  the company has no such dead letter, or its team is not the caller's
--   JB409  it is RESOLVED or DISCARDED, or the item's machine or queue was deleted
-- Rules:
--   The new item has the job, place, priority and limits of the original; its attempts begin anew. It waits for nothing, also when
--   the original failed for what it depended on.
--   It is audited who settles a dead letter.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_found  record;
    v_letter data.dead_letter;
    v_item   data.queue_item;
begin
    perform queue.pass_gate(v_caller.company_id);         -- new items pass it, and it comes before the locks
    v_found := auth.require_dead_letter(v_caller, p_dead_letter_id);
    v_letter := v_found.letter;
    if v_letter.status <> 'PENDING' then
        raise exception using errcode = 'JB409', message = format('dead letter %s is %s', p_dead_letter_id, v_letter.status);
    end if;
    v_item := queue.retry_item(v_caller, v_found.item, null, v_now);
    perform auth.audit(v_caller, v_now, 'Retried', 'DeadLetter', (v_found.item).task_id, format('queue item %s', v_letter.queue_id),
        format('as queue item %s', v_item.queue_id));

    return query
    select letter.dead_letter_id, letter.status, letter.queue_id, v_item.queue_id, v_item.task_id, v_item.created_time,
           its.machine_name, (queue.wake_of(v_item)::text[]
               || queue.item_key(letter.company_id, letter.queue_id))::data.wake
    from data.dead_letter as letter
    cross join queue.places_of(v_item) as its
    where letter.company_id = v_letter.company_id
      and letter.dead_letter_id = v_letter.dead_letter_id;
end;
$$;
