create or replace function maintenance.raise_marks(p_dead_rows integer default 40000)
returns integer
language plpgsql volatile security definer set search_path = ''
as $$
-- Let claims begin where something waits, when the index is full of rows that nobody may clean away.
--
-- Arguments:
--   dead_rows  only when so many dead items are counted: twice what VACUUM usually leaves
-- Returns:
--   how many lanes got a new mark, 100 at most: whoever enters one of them waits for the end of this
-- Rules:
--   Looked at without a lock, and once more under it. A lane in which somebody is just queueing or putting back an item is passed
--   by: his item may come before the mark.
--   Small steps are not worth a dead row in the table of lanes.
--   Two brokers at once: one works, the other finds the lock taken and does nothing.
declare
    c_step  constant integer := 1000;
    v_lane  data.lane;
    v_mark  bigint;
    v_count integer := 0;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('maintenance.raise_marks', 0))
       or coalesce(pg_stat_get_dead_tuples('data.queue_item'::regclass), 0) < p_dead_rows then
        return 0;
    end if;

    for v_lane in
        select lane.*
        from data.lane as lane
        order by lane.company_id, lane.lane_id
    loop
        exit when v_count = 100;
        continue when queue.first_waiting(v_lane) <= v_lane.mark + c_step;
        perform from data.lane as lane
        where lane.company_id = v_lane.company_id
          and lane.lane_id = v_lane.lane_id
        for update skip locked;
        continue when not found;

        v_mark := queue.first_waiting(v_lane);
        update data.lane as lane
        set mark = v_mark
        where lane.company_id = v_lane.company_id
          and lane.lane_id = v_lane.lane_id
          and lane.mark + c_step < v_mark;
        v_count := v_count + found::integer;
    end loop;
    return v_count;
end;
$$;
