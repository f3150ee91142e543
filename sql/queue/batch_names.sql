create or replace function queue.batch_names(p_orders data.batch_item[])
returns jsonb
language plpgsql immutable set search_path = ''
as $$
-- By what the items of a batch can be named in it, with their places: names, and the taskIds that the caller chose.
--
-- Errors:
--   JB400  a name is given twice
declare
    v_twice text;
begin
    v_twice := (
        select queue.batch_place(max(given.ordinality), given.name)
        from unnest(p_orders) with ordinality as given
        where given.name is not null
        group by given.name
        having count(*) > 1
        limit 1);
    if v_twice is not null then
        raise exception using errcode = 'JB400', message = v_twice || ': name is given twice';
    end if;

    return coalesce((
        select jsonb_object_agg(called.name, given.ordinality)
        from unnest(p_orders) with ordinality as given
        cross join lateral (
            select given.task_id::text as name
            union all
            select given.name) as called
        where called.name is not null), '{}');
end;
$$;
