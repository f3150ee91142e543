create or replace function queue.settle_dependants(p_item data.queue_item, p_now timestamptz)
returns void
language plpgsql volatile set search_path = ''
as $$
-- An item that others depend on has ended: let those run whose last need it was; if it was not COMPLETED, fail them, and whatever
-- depends on them in turn.
--
-- Arguments:
--   item  locked, after the change; one that is deleted unfinished counts as CANCELLED
-- Rules:
--   An item that runs anyway takes every end of its needs for done.
--   Items are locked in ascending order: who depends always has the greater number, so the least that is left is always greater
--   than all that are done with. In a loop, since a chain of dependants may be longer than the stack is deep.
declare
    v_left  bigint[];
    v_times integer;
    v_item  data.queue_item;
begin
    if p_item.status = 'COMPLETED' then
        perform queue.release_dependants(p_item.company_id, array[p_item.queue_id], p_now);
        return;
    end if;

    v_left := queue.held_dependants(p_item.company_id, array[p_item.queue_id]);
    while cardinality(v_left) > 0 loop
        select item.*
        into v_item
        from data.queue_item as item
        where item.company_id = p_item.company_id
          and item.queue_id = v_left[1]
        for update;
        v_times := (select count(*) from unnest(v_left) as id where id = v_left[1]);

        if v_item.run_anyway then
            perform queue.count_down(p_item.company_id, v_left[:v_times], p_now);
            v_left := v_left[v_times + 1:];
        elsif v_item.status = 'PENDING' and v_item.held = 'DEPENDENCY' then
            v_item := queue.fail_dependant(v_item, p_item, p_now);
            v_left := array(
                select id
                from unnest(v_left[v_times + 1:] || queue.held_dependants(p_item.company_id, array[v_item.queue_id])) as id
                order by id);
        else
            v_left := v_left[v_times + 1:];
        end if;
    end loop;
end;
$$;
