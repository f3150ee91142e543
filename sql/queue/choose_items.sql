create or replace function queue.choose_items(
    p_caller         auth.caller,
    p_team_name      text,
    p_task_ids       uuid[],
    p_filter         data.item_filter,
    p_after_queue_id bigint,
    p_statuses       data.queue_status[],
    p_lock           boolean,
    p_now            timestamptz,
    out items        data.queue_item[],
    out missing      uuid[],
    out more         boolean)
-- Each filter is planned for itself, and may use any index.
language plpgsql volatile set search_path = '' set plan_cache_mode = force_custom_plan set enable_bitmapscan = on
as $$
-- The items that a call for many means: those named, or at most 1,000 that the filter finds.
--
-- Arguments:
--   statuses  those that a filter without a status means; null: all
--   lock      lock them, in ascending order of queue_id
-- Returns:
--   items    in ascending order of queue_id
--   missing  ids of which the caller has no item
--   more     whether the filter finds more behind these
-- Errors:
--   JB400  both or neither are given, or too many; a member of the filter is out of its bounds
--   JB403  the team named is not the caller's
--   JB404  there is no such team, or none of the teams has such a machine or queue
declare
    c_at_once  constant integer := 1000;
    v_team       data.team;
    v_filter     data.item_filter := p_filter;
    v_team_ids   bigint[];
    v_machine_id bigint;
    v_policy_ids bigint[];
    v_ids        bigint[];
    v_found      uuid[];
begin
    if (p_task_ids is null) = (p_filter is null) then
        raise exception using errcode = 'JB400', message = case
            when p_filter is null then 'taskIds or filter is missing: name the items, or give a filter with at least one member'
            else 'taskIds and filter are both given: choose the items by one of them'
        end;
    elsif cardinality(p_task_ids) not between 1 and c_at_once then
        raise exception using errcode = 'JB400', message = format('taskIds holds %s: 1 to 1,000 in one call', cardinality(p_task_ids));
    elsif v_filter.older_than_hours not between 0 and 87600 then
        raise exception using errcode = 'JB400', message = format(
            'filter.olderThanHours is %s: 0 to 87600 are possible', v_filter.older_than_hours);
    elsif jsonb_typeof(v_filter.metadata) <> 'object' then
        raise exception using errcode = 'JB400', message =
            'filter.metadata must be a JSON object: what the items'' metadata must contain';
    end if;

    if p_team_name is not null then
        v_team := auth.require_team(p_caller, p_team_name);
        v_team_ids := array[v_team.team_id];
    else
        v_team_ids := auth.named_teams(p_caller, null);
    end if;
    v_machine_id := queue.named_machine(p_caller.company_id, v_team_ids, v_filter.machine_name);
    v_policy_ids := queue.named_policies(p_caller.company_id, v_team_ids, v_filter.queue_name);
    if p_task_ids is null then
        v_filter.status := coalesce(v_filter.status, p_statuses);
    end if;
    v_filter.created_before := least(v_filter.created_before, p_now - make_interval(hours => v_filter.older_than_hours));

    more := false;
    if p_task_ids is not null then
        v_ids := array(
            select item.queue_id
            from data.queue_item as item
            where item.company_id = p_caller.company_id
              and item.task_id = any(p_task_ids));
    else
        v_ids := array(
            select matching.queue_id
            from unnest(v_team_ids) as mine (team_id)
            cross join lateral (
                select found.queue_id
                from queue.matching_items(p_caller.company_id, mine.team_id, v_machine_id, null, v_filter.status, null, null,
                    v_filter.created_after, v_filter.created_before, null, null, true, true, null, v_policy_ids,
                    v_filter.metadata) as found
                where found.queue_id > coalesce(p_after_queue_id, 0)
                order by found.queue_id
                limit c_at_once + 1) as matching
            order by matching.queue_id
            limit c_at_once + 1);
        more := cardinality(v_ids) > c_at_once;
        v_ids := v_ids[1:c_at_once];
    end if;

    if p_lock then
        perform from data.queue_item as item
        where item.company_id = p_caller.company_id
          and item.queue_id = any(v_ids)
          and item.team_id = any(v_team_ids)
        order by item.queue_id
        for update;
    end if;

    -- Asked again, now that nobody changes them: what does not match any more is not meant any more.
    items := array(
        select matching
        from unnest(v_team_ids) as mine (team_id)
        cross join lateral queue.matching_items(p_caller.company_id, mine.team_id, v_machine_id, null, v_filter.status, null, null,
            v_filter.created_after, v_filter.created_before, null, null, true, true, null, v_policy_ids,
            v_filter.metadata) as matching
        where matching.queue_id = any(v_ids)
        order by matching.queue_id);
    v_found := array(select item.task_id from unnest(items) as item);
    missing := array(
        select distinct named.task_id
        from unnest(p_task_ids) as named (task_id)
        where named.task_id <> all(v_found)
        order by named.task_id);
end;
$$;
