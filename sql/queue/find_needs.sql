create or replace function queue.find_needs(p_caller auth.caller, p_team_id bigint, p_task_ids uuid[])
returns bigint[]
language plpgsql stable set search_path = ''
as $$
-- The items of a team of these taskIds; in their order, null for one that the team does not have.
begin
    return array(
        select its.queue_id
        from unnest(p_task_ids) with ordinality as needed (task_id, place)
        left join lateral (
            select item.queue_id
            from data.queue_item as item
            where item.company_id = p_caller.company_id
              -- As a range in order, which only the index of taskIds gives.
              and item.task_id between needed.task_id and needed.task_id
              and item.team_id = p_team_id
            order by item.task_id
            limit 1) as its on true
        order by needed.place);
end;
$$;
