create or replace function queue.absent_answers(p_task_ids uuid[])
returns data.bulk_answer[]
language sql stable set search_path = ''
as $$
-- What a call for many items says of those that are not there.
select array(
    select row(absent.task_id, null, false, format('queue item %s not found', absent.task_id), null, null)::data.bulk_answer
    from unnest(p_task_ids) as absent (task_id));
$$;
