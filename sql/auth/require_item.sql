create or replace function auth.require_item(
    p_caller    auth.caller,
    p_queue_id  bigint,
    p_task_id   uuid,
    p_team_name text)
returns data.queue_item
language plpgsql volatile set search_path = ''
as $$
-- The item of either name, locked, if the caller may see it. The right is checked first: who may not see it cannot hold it up.
--
-- Errors:
--   JB400, JB403, JB404  as auth.see_item
declare
    v_item data.queue_item := auth.see_item(p_caller, p_queue_id, p_task_id, p_team_name);
begin
    select item.*
    into v_item
    from data.queue_item as item
    where item.company_id = v_item.company_id
      and item.queue_id = v_item.queue_id
    for update;
    if not found then
        raise exception using errcode = 'JB404',
            message = format('queue item %s not found', coalesce(p_queue_id::text, p_task_id::text));
    end if;
    return v_item;
end;
$$;
