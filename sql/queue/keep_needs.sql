create or replace function queue.keep_needs(p_company_id bigint, p_items data.new_item[], p_ids bigint[])
returns void
language plpgsql volatile set search_path = ''
as $$
-- Keep what new items need, and mark those that are needed.
--
-- Arguments:
--   ids  of the items
declare
    v_needed bigint[];
begin
    insert into data.dependency (company_id, queue_id, needs_queue_id)
    select p_company_id, p_ids[item.ordinality], need
    from unnest(p_items) with ordinality as item
    cross join lateral (
        select needed as need from unnest(item.needs) as needed
        union all
        select p_ids[place] from unnest(item.needs_places) as place) as its;

    v_needed := array(
        select need from unnest(p_items) as item cross join unnest(item.needs) as need
        union
        select p_ids[place] from unnest(p_items) as item cross join unnest(item.needs_places) as place);
    update data.queue_item as item
    set has_dependants = true
    where item.company_id = p_company_id
      and item.queue_id = any(v_needed)
      and item.finished_time is null
      and not item.has_dependants;
end;
$$;
