create or replace function queue.place_in_line(p_item data.queue_item, p_now timestamptz)
returns data.item_place[]
language plpgsql stable set search_path = ''
as $$
-- How many pending items a claim takes before this one; no row for an item that is not in line.
--
-- Rules:
--   A machine takes its own items and those of the pools that it serves from one line, by priority, then age; so both are counted.
--   A pool's item stands in the line of each machine that may take it: the shortest counts, of the first 20 machines. Where there is
--   no such machine, its lane.
--   At most 1,000 are counted: the answer costs the same whatever waits behind them, and says when there are more.
--   What other teams have waiting on the same bridge takes turns with it, and is not counted.
declare
    c_counted constant integer := 1000;
    v_ahead   integer;
begin
    if p_item.status <> 'PENDING' or p_item.held is not null then
        return array[]::data.item_place[];
    end if;

    select min(queue.ahead_on(p_item, taker, c_counted + 1, p_now))
    into v_ahead
    from unnest(queue.takers_of_item(p_item, 20, p_now)) as taker;
    v_ahead := coalesce(v_ahead, queue.ahead_on(p_item, null, c_counted + 1, p_now));
    return array[row(p_item.queue_id, p_item.task_id,
        case when v_ahead <= c_counted then v_ahead + 1 end, least(v_ahead, c_counted), v_ahead > c_counted)::data.item_place];
end;
$$;
