create or replace function queue.sequence_of(p_orders data.batch_item[], p_from integer[], p_to integer[])
returns integer[]
language plpgsql immutable set search_path = ''
as $$
-- The places of a batch in an order in which each item stands after what it needs.
--
-- Arguments:
--   from, to  places: each of from needs the one of to
-- Returns:
--   null: as they are given
-- Errors:
--   JB400  items wait for each other
declare
    v_count    integer := cardinality(p_orders);
    v_sequence integer[] := '{}';
    v_open     integer[] := array_fill(0, array[v_count]);    -- needs of each that do not stand yet
    v_waiting  integer[];                                     -- those who need, sorted by what they need,
    v_starts   integer[] := array_fill(0, array[v_count + 1]);-- and where in it each one's begin
    v_place    integer;
    v_at       integer := 1;
    v_seen     integer[] := '{}';
begin
    if not exists (select from unnest(p_from, p_to) as need (place, needed) where need.needed > need.place) then
        return null;
    end if;

    v_waiting := array(select need.place from unnest(p_from, p_to) as need (place, needed) order by need.needed, need.place);
    foreach v_place in array p_from loop
        v_open[v_place] := v_open[v_place] + 1;
    end loop;
    foreach v_place in array p_to loop
        v_starts[v_place + 1] := v_starts[v_place + 1] + 1;
    end loop;
    v_starts[1] := 1;
    for v_next in 1 .. v_count loop
        v_starts[v_next + 1] := v_starts[v_next + 1] + v_starts[v_next];
        if v_open[v_next] = 0 then
            v_sequence := v_sequence || v_next;
        end if;
    end loop;
    while v_at <= cardinality(v_sequence) loop
        for v_edge in v_starts[v_sequence[v_at]] .. v_starts[v_sequence[v_at] + 1] - 1 loop
            v_place := v_waiting[v_edge];
            v_open[v_place] := v_open[v_place] - 1;
            if v_open[v_place] = 0 then
                v_sequence := v_sequence || v_place;
            end if;
        end loop;
        v_at := v_at + 1;
    end loop;

    if cardinality(v_sequence) < v_count then
        -- From any that is left, along what it needs and is left too, the way comes back to itself.
        v_place := (select place from generate_series(1, v_count) as place where v_open[place] > 0 limit 1);
        while v_place <> all(v_seen) loop
            v_seen := v_seen || v_place;
            v_place := (
                select need.needed
                from unnest(p_from, p_to) as need (place, needed)
                where need.place = v_place
                  and v_open[need.needed] > 0
                limit 1);
        end loop;
        v_seen := v_seen[array_position(v_seen, v_place):];
        raise exception using errcode = 'JB400', message = format('items depend on each other: %s%s', (
            select string_agg(queue.batch_place(seen.place, p_orders[seen.place].name), ' needs ' order by seen.ordinality)
            from unnest(v_seen[:10] || case when cardinality(v_seen) <= 10 then v_place end) with ordinality as seen (place)),
            case when cardinality(v_seen) > 10 then ' and so on' end);
    end if;
    return v_sequence;
end;
$$;
