create or replace function queue.count_needs(p_company_id bigint, p_items data.new_item[])
returns integer[]
language plpgsql volatile set search_path = ''
as $$
-- How many of its needs are still open, for each of these new items. The needed items are locked, so that none of them ends before
-- it is known who waits for it.
--
-- Errors:
--   JB404  a needed item was deleted meanwhile
--   JB409  a needed item is FAILED or CANCELLED
-- Rules:
--   What is COMPLETED counts as done; for an item that runs anyway, whatever has ended.
declare
    v_needs bigint[] := array(select distinct need from unnest(p_items) as item cross join unnest(item.needs) as need order by need);
    v_ids      bigint[];
    v_statuses data.queue_status[];
    v_item     data.new_item;
    v_need     bigint;
    v_status   data.queue_status;
    v_count    integer;
    v_open     integer[];
begin
    perform from data.queue_item as item
    where item.company_id = p_company_id
      and item.queue_id = any(v_needs)
    order by item.queue_id
    for no key update;

    select array_agg(item.queue_id order by item.queue_id), array_agg(item.status order by item.queue_id)
    into v_ids, v_statuses
    from data.queue_item as item
    where item.company_id = p_company_id
      and item.queue_id = any(v_needs);

    foreach v_item in array p_items loop
        v_count := coalesce(cardinality(v_item.needs_places), 0);
        foreach v_need in array coalesce(v_item.needs, '{}') loop
            v_status := v_statuses[array_position(v_ids, v_need)];
            if v_status is null then
                raise exception using errcode = 'JB404',
                    message = format('%squeue item %s not found', v_item.batch_place || ': ', v_need);
            elsif v_status in ('FAILED', 'CANCELLED') and v_item.run_anyway is not true then
                raise exception using errcode = 'JB409', message = format(
                    '%squeue item %s is %s: what depends on it could never run', v_item.batch_place || ': ', v_need, v_status);
            elsif v_status not in ('COMPLETED', 'FAILED', 'CANCELLED') then
                v_count := v_count + 1;
            end if;
        end loop;
        v_open := v_open || v_count;
    end loop;
    return v_open;
end;
$$;
