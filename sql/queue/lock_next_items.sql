create or replace function queue.lock_next_items(
    p_company_id  bigint,
    p_machine_ids bigint[],
    p_item_count  integer)
returns bigint[]
language plpgsql volatile set search_path = ''
as $$
-- Lock the next pending items of these machines, highest priority first, then oldest; skip what others hold.
--
-- Returns:
--   their queue ids; fewer than asked only when there are no more to be had
--
-- One machine is one descent of queue_item_pending. Of many, each offers its first few by such a descent, and the best that
-- nobody holds are locked, one by one: one ordered scan over `machine_id = any(...)` would sort the whole backlog. While another
-- claim holds all that a machine offers, the machine is passed by; when too few are left, each offers more.
declare
    v_machine_id bigint := p_machine_ids[1];
    v_depth      integer := p_item_count;
    v_known      integer := 0;
    v_offered    bigint[];
    v_queue_id   bigint;
    v_status     data.queue_status;
    v_ids        bigint[];
begin
    if cardinality(p_machine_ids) = 1 then
        return array(
            select item.queue_id
            from data.queue_item as item
            where item.company_id = p_company_id
              and item.machine_id = v_machine_id
              and item.status = 'PENDING'
            order by item.priority desc, item.queue_id
            limit p_item_count
            for update skip locked);
    end if;

    loop
        v_offered := array(
            select next.queue_id
            from unnest(p_machine_ids) as machine (machine_id)
            cross join lateral (
                select item.queue_id, item.priority
                from data.queue_item as item
                where item.company_id = p_company_id
                  and item.machine_id = machine.machine_id
                  and item.status = 'PENDING'
                order by item.priority desc, item.queue_id
                limit v_depth) as next
            order by next.priority desc, next.queue_id);

        v_ids := '{}';
        foreach v_queue_id in array v_offered loop
            exit when cardinality(v_ids) = p_item_count;
            -- The status is judged afterwards: as a condition it would allow a whole partial index to be read.
            select item.status
            into v_status
            from data.queue_item as item
            where item.company_id = p_company_id
              and item.queue_id = v_queue_id
            for update skip locked;
            if found and v_status = 'PENDING' then
                v_ids := v_ids || v_queue_id;
            end if;
        end loop;

        exit when cardinality(v_ids) = p_item_count or cardinality(v_offered) = v_known;
        v_known := cardinality(v_offered);
        v_depth := v_depth * 8;
    end loop;
    return v_ids;
end;
$$;
