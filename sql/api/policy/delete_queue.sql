create or replace function api.delete_queue(p_team_name text, p_queue_name text)
returns table (result text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Delete a queue that has nothing more to do.
--
-- Callers: administrators
-- Arguments:
--   teamName   a team of the caller
--   queueName  a queue of that team
-- Returns:
--   1: that it was deleted, one row
-- Errors:
--   JB403  the caller is no administrator, or not a member of the team
--   JB404  the company has no such team, or the team no such queue
--   JB409  it is the team's own queue, `default`, or unfinished items or schedules use it
-- Rules:
--   The requesting user must be a member of the specified team.
--   Its name is free. Its finished items stay, and go on showing it; they cannot be retried.
declare
    v_caller         auth.caller := auth.enter_call();
    v_now            timestamptz := data.clock();
    v_team           data.team := auth.require_team(v_caller, p_team_name);
    v_policy         data.queue_policy := queue.lock_policy(v_caller, v_team, p_queue_name);
    v_load           record;
    v_schedule_count bigint;
begin
    if lower(v_policy.queue_name) = 'default' then
        raise exception using errcode = 'JB409', message = format(
            'queue %s takes the items of team %s that name no queue: it cannot be deleted', v_policy.queue_name, v_team.team_name);
    end if;

    v_load := queue.policy_load(v_caller.company_id, v_policy.policy_id, null);
    select count(*)
    into v_schedule_count
    from data.schedule as schedule
    where schedule.company_id = v_caller.company_id
      and schedule.team_id = v_team.team_id
      and schedule.policy_id = v_policy.policy_id;
    if v_load.waiting + v_load.held + v_load.running > 0 then
        raise exception using errcode = 'JB409', message = format(
            'queue %s has %s, %s of them in hand: cancel them or let them end first', v_policy.queue_name,
            data.counted(v_load.waiting + v_load.held + v_load.running, 'unfinished item'), v_load.running);
    elsif v_schedule_count > 0 then
        raise exception using errcode = 'JB409', message = format(
            'queue %s is used by %s: delete or change that first', v_policy.queue_name, data.counted(v_schedule_count, 'schedule'));
    end if;

    delete from data.lane as lane
    where lane.company_id = v_caller.company_id
      and lane.policy_id = v_policy.policy_id;
    update data.queue_policy as policy
    set removed_time = v_now
    where policy.company_id = v_caller.company_id
      and policy.policy_id = v_policy.policy_id;
    perform auth.audit(v_caller, v_now, 'Deleted', 'Queue', v_policy.policy_uuid, v_policy.queue_name,
        format('in team %s', v_team.team_name));

    return query
    select format('queue %s deleted', v_policy.queue_name);
end;
$$;
