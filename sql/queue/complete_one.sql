create or replace function queue.complete_one(p_caller auth.caller, p_done data.completion, p_now timestamptz)
returns data.completion_answer
language plpgsql volatile set search_path = ''
as $$
-- One completion of many, judged as if it came alone; a refusal is its answer.
--
-- Errors:
--   JB421  the vault was sealed for another item or attempt
declare
    v_item data.queue_item;
    v_done record;
begin
    v_item := auth.require_item(p_caller, p_done.queue_id, p_done.task_id, null);
    if p_done.response_vault is null then
        raise exception using errcode = 'JB400', message = 'responseVault is missing';
    end if;

    v_done := queue.complete(p_caller, v_item, p_done, p_now);
    v_item := v_done.item;
    return row(v_item.task_id, v_item.queue_id, v_done.refused_status is null, v_item.status, v_done.refused_message, null)
        ::data.completion_answer;
exception
    when sqlstate 'JB400' or sqlstate 'JB404' or sqlstate 'JB409' then
        -- Of an item that is not his the caller hears no more than the name he gave.
        return row(coalesce(v_item.task_id, p_done.task_id), coalesce(v_item.queue_id, p_done.queue_id), false, v_item.status, sqlerrm,
            null)::data.completion_answer;
end;
$$;
