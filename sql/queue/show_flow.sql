create or replace function queue.show_flow(
    p_company_id bigint,
    p_team_id    bigint,
    p_flow_id    uuid,
    out flow     data.listed_flow,
    out tasks    data.flow_task[])
language plpgsql stable set search_path = ''
as $$
-- A flow as its team sees it, and its tasks, each by the newest of its item and that one's retries, in an order in which what is
-- needed comes first.
--
-- Rules:
--   A flow is QUEUED until an agent has had something of it, RUNNING until all of it has ended; then CANCELLED if a task
--   is, else FAILED if one is, else SUCCEEDED.
declare
    v_policy_id bigint;
    v_begun     boolean;
    v_cancelled boolean;
    v_failed    boolean;
begin
    flow.flow_id := p_flow_id;
    select array_agg(row(task.flow_task, task.task_id, task.queue_id, task.status)::data.flow_task
               order by task.first_queue_id),
           count(*), count(task.finished_time), min(task.created_time), max(task.updated_time), min(task.policy_id),
           bool_or(task.attempt > 0 or task.status not in ('BLOCKED', 'QUEUED')), bool_or(task.status = 'CANCELLED'),
           bool_or(task.status = 'FAILED')
    into tasks, flow.task_count, flow.finished_count, flow.created_time, flow.updated_time, v_policy_id,
         v_begun, v_cancelled, v_failed
    from (
        select distinct on (item.flow_task)
               item.flow_task, item.task_id, item.queue_id, item.policy_id, item.attempt, item.finished_time, case
                   when item.status = 'PENDING' and item.held = 'DEPENDENCY' then 'BLOCKED'
                   when item.status = 'PENDING' then 'QUEUED'
                   when item.status = 'COMPLETED' then 'SUCCEEDED'
                   when item.status in ('FAILED', 'CANCELLED') then item.status::text
                   else 'RUNNING'
               end::data.flow_task_status as status,
               min(item.queue_id) over (partition by item.flow_task) as first_queue_id,
               min(item.created_time) over () as created_time,
               max(greatest(item.created_time, item.assigned_time, item.started_time, item.last_heartbeat_time,
                   item.cancel_requested_time, item.finished_time)) over () as updated_time
        from data.queue_item as item
        where item.company_id = p_company_id
          and item.team_id = p_team_id
          and item.flow_id between p_flow_id and p_flow_id
        order by item.flow_task, item.queue_id desc) as task;

    select team.team_name, policy.queue_name
    into flow.team_name, flow.queue_name
    from data.queue_policy as policy
    join data.team as team on team.company_id = policy.company_id and team.team_id = policy.team_id
    where policy.company_id = p_company_id
      and policy.policy_id = v_policy_id;
    flow.status := case
        when flow.finished_count < flow.task_count and v_begun then 'RUNNING'
        when flow.finished_count < flow.task_count then 'QUEUED'
        when v_cancelled then 'CANCELLED'
        when v_failed then 'FAILED'
        else 'SUCCEEDED'
    end;
end;
$$;
