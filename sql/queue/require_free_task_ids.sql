create or replace function queue.require_free_task_ids(p_company_id bigint, p_orders data.batch_item[])
returns void
language plpgsql stable set search_path = ''
as $$
-- The taskIds that a caller chose for a batch are each given once, and new.
--
-- Errors:
--   JB400  one is given twice
--   JB409  one is taken
declare
    v_found record;
begin
    for v_found in
        select given.ordinality as place, given.name, given.task_id,
               count(*) over (partition by given.task_id order by given.ordinality) as uses
        from unnest(p_orders) with ordinality as given
        where given.task_id is not null
        order by place
    loop
        if v_found.uses > 1 then
            raise exception using errcode = 'JB400', message = format(
                '%s: taskId %s is given twice', queue.batch_place(v_found.place, v_found.name), v_found.task_id);
        elsif exists (
            select from data.queue_item as item
            where item.company_id = p_company_id
              and item.task_id between v_found.task_id and v_found.task_id) then
            raise exception using errcode = 'JB409', message = format(
                '%s: taskId %s is taken', queue.batch_place(v_found.place, v_found.name), v_found.task_id);
        end if;
    end loop;
end;
$$;
