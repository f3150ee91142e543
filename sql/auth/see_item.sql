create or replace function auth.see_item(
    p_caller    auth.caller,
    p_queue_id  bigint,
    p_task_id   uuid,
    p_team_name text)
returns data.queue_item
language plpgsql stable set search_path = ''
as $$
-- The item of either name, if the caller may see it.
--
-- Errors:
--   JB400  neither queueId nor taskId
--   JB403  the team named is not the caller's
--   JB404  no such item, not of that team, or not the caller's: one text for all
declare
    v_item data.queue_item;
    v_team data.team;
begin
    if p_team_name is not null and p_caller.user_id is not null then
        v_team := auth.require_team(p_caller, p_team_name);
    elsif p_team_name is not null then
        -- An agent is no member; a team that is not there matches no item.
        v_team.team_id := coalesce((
            select team.team_id
            from data.team as team
            where team.company_id = p_caller.company_id
              and lower(team.team_name) = lower(p_team_name)), 0);
    end if;

    if p_queue_id is not null then
        select item.*
        into v_item
        from data.queue_item as item
        where item.company_id = p_caller.company_id
          and item.queue_id = p_queue_id;
    elsif p_task_id is not null then
        select item.*
        into v_item
        from data.queue_item as item
        where item.company_id = p_caller.company_id
          -- As a range in order, which only the index of taskIds gives: planned on few rows, an equality reads every item of the
          -- company by its primary key.
          and item.task_id between p_task_id and p_task_id
        order by item.task_id;
    else
        raise exception using errcode = 'JB400', message = 'queueId or taskId is missing: name the item by one of them';
    end if;

    if v_item.queue_id is null
       or v_item.task_id <> p_task_id
       or v_item.team_id <> v_team.team_id
       or not auth.may_use_machine(p_caller, v_item.team_id, case when not v_item.pooled then v_item.machine_id end) then
        raise exception using errcode = 'JB404',
            message = format('queue item %s not found', coalesce(p_queue_id::text, p_task_id::text));
    end if;
    return v_item;
end;
$$;
