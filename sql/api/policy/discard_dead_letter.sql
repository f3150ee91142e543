create or replace function api.discard_dead_letter(p_dead_letter_id bigint)
returns table (
    dead_letter_id bigint,
    queue_id       bigint,
    status         data.dead_letter_status,
    settled_time   timestamptz,
    settled_by     text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Give up what has failed: its dead letter asks for nothing any more. The item stays.
--
-- Callers: users
-- Arguments:
--   deadLetterId  as GetDeadLetters lists it
-- Returns:
--   1: the dead letter after the change, one row
-- Errors:
--   JB404  the company has no such dead letter, or its team is not the caller's
--   JB409  it is RESOLVED: its item was retried
-- Rules:
--   Discarding it again changes nothing. It is audited who settles a dead letter.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_found  record := auth.require_dead_letter(v_caller, p_dead_letter_id);
    v_letter data.dead_letter := v_found.letter;
begin
    if v_letter.status = 'RESOLVED' then
        raise exception using errcode = 'JB409', message = format('dead letter %s is RESOLVED', p_dead_letter_id);
    elsif v_letter.status = 'PENDING' then
        perform auth.audit(v_caller, v_now, 'Discarded', 'DeadLetter', (v_found.item).task_id,
            format('queue item %s', v_letter.queue_id));
        update data.dead_letter as letter
        set status = 'DISCARDED',
            settled_time = v_now,
            settled_by = v_caller.actor
        where letter.company_id = v_letter.company_id
          and letter.dead_letter_id = v_letter.dead_letter_id
        returning letter.* into v_letter;
    end if;

    return query
    select v_letter.dead_letter_id, v_letter.queue_id, v_letter.status, v_letter.settled_time, v_letter.settled_by;
end;
$$;
