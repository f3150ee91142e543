create or replace function queue.visible_items(p_caller auth.caller, p_queue_ids bigint[], p_task_ids uuid[])
returns bigint[]
language plpgsql stable set search_path = ''
as $$
-- The items of these names that the caller may use, each at its place; null where there is none.
--
-- Arguments:
--   queue_ids, task_ids  equally long; where both are given, they must be those of one item
-- Rules:
--   Rights are asked once for each machine and pool.
declare
    v_found   record;
    v_ids     bigint[] := array_fill(null::bigint, array[cardinality(p_queue_ids)]);
    v_may     boolean;
    v_last_at text;
    v_at      text;
begin
    for v_found in
        select named.place, item.queue_id, item.team_id, case when not item.pooled then item.machine_id end as machine_id
        from unnest(p_queue_ids, p_task_ids) with ordinality as named (queue_id, task_id, place)
        -- Item by item: as a plain join, planned on few rows, this reads every item of the company.
        cross join lateral (
            select coalesce(named.queue_id, (
                select other.queue_id
                from data.queue_item as other
                where other.company_id = p_caller.company_id
                  and other.task_id between named.task_id and named.task_id
                order by other.task_id
                limit 1)) as queue_id
            offset 0) as its
        cross join lateral (
            select found.queue_id, found.team_id, found.pooled, found.machine_id
            from data.queue_item as found
            where found.company_id = p_caller.company_id
              and found.queue_id = its.queue_id
              and found.task_id = coalesce(named.task_id, found.task_id)
            offset 0) as item
        order by item.team_id, item.machine_id
    loop
        v_at := v_found.team_id || ' ' || coalesce(v_found.machine_id, 0);
        if v_at is distinct from v_last_at then
            v_may := auth.may_use_machine(p_caller, v_found.team_id, v_found.machine_id);
            v_last_at := v_at;
        end if;
        if v_may then
            v_ids[v_found.place] := v_found.queue_id;
        end if;
    end loop;
    return v_ids;
end;
$$;
