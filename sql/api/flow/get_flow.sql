create or replace function api.get_flow(
    p_flow_id   uuid,
    p_team_name text default null,
    out flows   data.listed_flow[],
    out tasks   data.flow_task[])
language plpgsql volatile security definer set search_path = ''
as $$
-- A flow and its tasks.
--
-- Callers: users
-- Arguments:
--   flowId    the flow
--   teamName  if given, must be the flow's team
-- Returns:
--   1: the flow, one row
--   2: its tasks, each by the newest of its item and that one's retries; what is needed comes first
-- Errors:
--   JB403  the team named is not the caller's
--   JB404  the company has no such team or flow, it is not of that team, or not the caller's
-- Rules:
--   The requesting user must be a member of the flow's team.
--   A flow is QUEUED until an agent has had something of it, and RUNNING until all of it has ended; then CANCELLED if a task is,
--   else FAILED if one is, else SUCCEEDED. A retry takes it up again.
--   Tasks whose items were deleted are gone, and with the last one the flow.
declare
    v_caller auth.caller := auth.enter_call();
    v_shown  record;
begin
    v_shown := queue.show_flow(v_caller.company_id, auth.require_flow(v_caller, p_flow_id, p_team_name), p_flow_id);
    flows := array[v_shown.flow];
    tasks := v_shown.tasks;
end;
$$;
