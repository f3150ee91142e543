create or replace function maintenance.delete_idle_lanes()
returns integer
language plpgsql volatile security definer set search_path = ''
as $$
-- Delete the lanes of pools in which nothing was for a day: each combination of labels that was ever used has one.
--
-- Returns:
--   how many
-- Rules:
--   Whoever adds an item holds its lane against this (queue.lane_of), and makes it again if it is gone.
--   A lane to which an item is just coming is locked, and skipped.
--   Two brokers at once: one works, the other finds the lock taken and does nothing.
declare
    v_now        timestamptz := data.clock();
    v_company_id bigint;
    v_lane       data.lane;
    v_count      integer := 0;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('maintenance.delete_idle_lanes', 0)) then
        return 0;
    end if;

    for v_company_id in
        select distinct lane.company_id
        from data.lane as lane
        where lane.machine_id is null
    loop
        for v_lane in
            select lane.*
            from data.lane as lane
            where lane.company_id = v_company_id
              and lane.machine_id is null
            order by lane.lane_id
            for no key update skip locked                     -- which holds up nobody who adds items
        loop
            if not queue.is_idle_lane(v_lane) then
                update data.lane as lane
                set idle_time = null
                where lane.company_id = v_lane.company_id
                  and lane.lane_id = v_lane.lane_id
                  and lane.idle_time is not null;
            elsif v_lane.idle_time is null then
                update data.lane as lane
                set idle_time = v_now
                where lane.company_id = v_lane.company_id
                  and lane.lane_id = v_lane.lane_id;
            elsif v_lane.idle_time <= v_now - interval '1 day' then
                perform from data.lane as lane
                where lane.company_id = v_lane.company_id
                  and lane.lane_id = v_lane.lane_id
                for update skip locked;
                -- Asked again: now nobody adds to it any more.
                if found and queue.is_idle_lane(v_lane) then
                    delete from data.lane as lane
                    where lane.company_id = v_lane.company_id
                      and lane.lane_id = v_lane.lane_id;
                    v_count := v_count + 1;
                end if;
            end if;
        end loop;
    end loop;
    return v_count;
end;
$$;
