create or replace function api.cancel_flow(
    p_flow_id   uuid,
    p_team_name text default null,
    p_reason    data.note default null,
    out flows   data.listed_flow[],
    out tasks   data.flow_task[],
    out wake    data.wake)
language plpgsql volatile security definer set search_path = ''
as $$
-- Cancel what is unfinished of a flow, and ask the agents of what runs to stop.
--
-- Callers: users
-- Arguments:
--   flowId    the flow
--   teamName  if given, must be the flow's team
--   reason    why, kept in the items' traces
-- Returns:
--   1: the flow after the change, one row
--   2: its tasks, as in GetFlow
-- Errors:
--   JB403  the team named is not the caller's
--   JB404  the company has no such team or flow, it is not of that team, or not the caller's
--   JB409  all of the flow has ended
-- Rules:
--   The requesting user must be a member of the flow's team.
--   What no agent has started is CANCELLED at once; what runs is CANCELLING until its agent confirms or is lost, and the flow
--   RUNNING as long.
declare
    v_caller  auth.caller := auth.enter_call();
    v_now     timestamptz := data.clock();
    v_team_id bigint := auth.require_flow(v_caller, p_flow_id, p_team_name);
    v_ids     bigint[];
    v_items   data.queue_item[];
    v_item    data.queue_item;
    v_done    record;
    v_shown   record;
begin
    -- In the order of flows, which only their index gives; then by number, as locks are taken.
    v_ids := array(
        select item.queue_id
        from data.queue_item as item
        where item.company_id = v_caller.company_id
          and item.team_id = v_team_id
          and item.flow_id between p_flow_id and p_flow_id
          and item.finished_time is null
        order by item.flow_id);
    perform from data.queue_item as item
    where item.company_id = v_caller.company_id
      and item.queue_id = any(v_ids)
      and item.finished_time is null
    order by item.queue_id
    for update;
    v_items := array(
        select item
        from data.queue_item as item
        where item.company_id = v_caller.company_id
          and item.queue_id = any(v_ids)
          and item.finished_time is null
        order by item.queue_id);
    if cardinality(v_items) = 0 then
        v_shown := queue.show_flow(v_caller.company_id, v_team_id, p_flow_id);
        raise exception using errcode = 'JB409', message = format('flow %s is %s', p_flow_id, (v_shown.flow).status);
    end if;

    -- Youngest first: who depends on an older one is done with before that one's end would reach him.
    for v_at in reverse cardinality(v_items) .. 1 loop
        v_item := v_items[v_at];
        if queue.cancel_hindrance(v_item, true) is null then
            v_done := queue.cancel_item(v_caller, v_item, p_reason, v_now);
            wake := wake || v_done.wake;
        end if;
    end loop;

    v_shown := queue.show_flow(v_caller.company_id, v_team_id, p_flow_id);
    flows := array[v_shown.flow];
    tasks := v_shown.tasks;
end;
$$;
