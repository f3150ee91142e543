create or replace function queue.link_batch(
    p_caller auth.caller,
    p_team   data.team,
    p_orders data.batch_item[],
    p_items  data.new_item[],
    out items  data.new_item[],
    out places integer[])
language plpgsql stable set search_path = ''
as $$
-- Find what the items of a batch depend on, and put those that others need before these.
--
-- Arguments:
--   items  of these orders, in the same order
-- Returns:
--   items   with their needs; in the order given, save what has to stand before
--   places  of each, its place among the orders
-- Errors:
--   JB400  a name is given twice; dependsOn holds too many, names the item itself, or what is neither in the batch nor a taskId;
--          items of the batch wait for each other
--   JB404  the team has no item of that taskId
declare
    v_names    jsonb := queue.batch_names(p_orders);
    v_texts    text[];
    v_task_ids jsonb;                                         -- queueIds by taskId
    v_order    record;
    v_text     text;
    v_at       integer;
    v_needs    bigint[];
    v_inner    integer[];
    v_item     data.new_item;
    v_from     integer[] := '{}';                             -- of each need inside the batch: whose it is,
    v_to       integer[] := '{}';                             -- and of what
    v_ranks    integer[];
begin
    v_texts := array(
        select distinct lower(need)
        from unnest(p_orders) as given
        cross join unnest(given.depends_on) as need
        where not v_names ?| array[need, lower(need)]
          and need ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$');
    v_task_ids := coalesce((
        select jsonb_object_agg(found.task_id, found.queue_id)
        from unnest(v_texts, queue.find_needs(p_caller, p_team.team_id, v_texts::uuid[])) as found (task_id, queue_id)), '{}');

    items := p_items;
    for v_order in
        select given.ordinality::integer as place, queue.batch_place(given.ordinality, given.name) as label, given.depends_on
        from unnest(p_orders) with ordinality as given
        where cardinality(given.depends_on) > 0
        order by place
    loop
        v_needs := '{}';
        v_inner := '{}';
        if cardinality(v_order.depends_on) > 100 then
            raise exception using errcode = 'JB400', message = format(
                '%s: dependsOn holds %s: an item can depend on 100', v_order.label, cardinality(v_order.depends_on));
        end if;
        foreach v_text in array v_order.depends_on loop
            v_at := coalesce(v_names -> v_text, v_names -> lower(v_text))::integer;
            if v_at = v_order.place then
                raise exception using errcode = 'JB400', message = format('%s: dependsOn names the item itself', v_order.label);
            elsif v_at is not null then
                v_inner := v_inner || v_at;
            elsif not v_task_ids ? lower(v_text) then
                raise exception using errcode = 'JB400', message = format(
                    '%s: dependsOn names %s, which is neither an item of this batch nor a taskId', v_order.label, left(v_text, 100));
            elsif v_task_ids ->> lower(v_text) is null then
                raise exception using errcode = 'JB404', message = format(
                    '%s: dependsOn: queue item %s not found', v_order.label, lower(v_text));
            else
                v_needs := v_needs || (v_task_ids -> lower(v_text))::bigint;
            end if;
        end loop;

        v_item := items[v_order.place];
        v_item.needs := array(select distinct need from unnest(v_needs) as need);
        v_item.needs_places := array(select distinct place from unnest(v_inner) as place);
        items[v_order.place] := v_item;
        v_from := v_from || array_fill(v_order.place, array[cardinality(v_item.needs_places)]);
        v_to := v_to || v_item.needs_places;
    end loop;

    places := queue.sequence_of(p_orders, v_from, v_to);
    if places is null then
        places := array(select place from generate_series(1, cardinality(p_orders)) as place);
        return;
    end if;

    v_ranks := array(select ranked.ordinality from unnest(places) with ordinality as ranked (place) order by ranked.place);
    p_items := items;
    for v_rank in 1 .. cardinality(places) loop
        v_item := p_items[places[v_rank]];
        v_item.needs_places := array(select v_ranks[place] from unnest(v_item.needs_places) as place);
        items[v_rank] := v_item;
    end loop;
end;
$$;
