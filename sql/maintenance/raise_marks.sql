create or replace function maintenance.raise_marks(p_dead_rows integer default 40000)
returns integer
language plpgsql volatile security definer set search_path = ''
as $$
-- Let claims begin where something waits, when the index is full of rows that nobody may clean away.
--
-- Arguments:
--   dead_rows  only when so many dead items are counted: twice what VACUUM usually leaves
-- Returns:
--   how many lanes got a new mark
-- Rules:
--   A lane in which somebody is just queueing or putting back an item is passed by: his item may come before the mark.
--   Two brokers at once: one works, the other finds the lock taken and does nothing.
declare
    v_lane     data.lane;
    v_priority smallint;
    v_first    record;
    v_mark     bigint;
    v_count    integer := 0;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('maintenance.raise_marks', 0))
       or coalesce(pg_stat_get_dead_tuples('data.queue_item'::regclass), 0) < p_dead_rows then
        return 0;
    end if;

    for v_lane in
        select lane.*
        from data.lane as lane
        order by lane.company_id, lane.lane_id
        for update skip locked
    loop
        -- What waits, read priority by priority; with nothing there the mark is where the next new item will be.
        v_priority := null;
        v_mark := null;
        loop
            select item.priority, item.queue_id
            into v_first
            from data.queue_item as item
            where item.company_id = v_lane.company_id
              and item.lane_id = v_lane.lane_id
              and item.status = 'PENDING'
              and item.held is null
              and item.priority < coalesce(v_priority, 101)
              and item.queue_id >= v_lane.mark
            order by item.priority desc, item.queue_id
            limit 1;
            exit when not found;
            v_priority := v_first.priority;
            v_mark := least(v_mark, v_first.queue_id);
        end loop;
        v_mark := coalesce(v_mark, (select last_value from data.queue_item_queue_id_seq));

        -- Small steps are not worth a dead row in the table of lanes.
        if v_mark > v_lane.mark + 1000 then
            update data.lane as lane
            set mark = v_mark
            where lane.company_id = v_lane.company_id
              and lane.lane_id = v_lane.lane_id;
            v_count := v_count + 1;
        end if;
    end loop;
    return v_count;
end;
$$;
