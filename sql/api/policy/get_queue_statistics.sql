create or replace function api.get_queue_statistics(
    p_team_name    data.name_list default null,
    p_queue_name   text default null,
    p_machine_name text default null,
    out queues     data.queue_statistics[],
    out total      data.queue_statistics[])
language plpgsql volatile security definer set search_path = ''
as $$
-- How the queues of teams do: what waits and runs now, and how the last hour went.
--
-- Callers: users
-- Arguments:
--   teamName     names, separated by commas; left out: every team of the caller
--   queueName    only the queues of this name
--   machineName  only what waits for this machine, or was taken for it
-- Returns:
--   1: a row per queue, by team and name; times in seconds, null where nothing is to be told
--   2: the same over all of them, one row without names
-- Errors:
--   JB403  a team named is not the caller's
--   JB404  none of the teams has such a queue or machine
-- Rules:
--   Counts of PENDING, ASSIGNED, PROCESSING and CANCELLING items are of now: waitingCount may be taken, heldCount is held back by
--   time or for other items. COMPLETED, FAILED and CANCELLED are those of the last hour.
--   Rates are of the last hour, per minute, over the items that still exist.
--   Waiting is from when an item could be taken to when it was, of those taken in the last hour; running is from start to end, of
--   those that ended in it. p50 and p99 are the least times that half and 99 of 100 did not exceed.
--   What costs is what waits, runs or has ended in the last hour, not what is kept: of a lane, 100,000 waiting items are counted.
declare
    v_caller     auth.caller := auth.enter_call();
    v_now        timestamptz := data.clock();
    v_since      timestamptz := v_now - interval '1 hour';
    v_team_ids   bigint[] := auth.named_teams(v_caller, p_team_name);
    v_machine_id bigint := queue.named_machine(v_caller.company_id, v_team_ids, p_machine_name);
    v_policy_ids bigint[];
    v_line       data.queue_statistics;
    v_row        record;
begin
    v_policy_ids := coalesce(queue.named_policies(v_caller.company_id, v_team_ids, p_queue_name),
        queue.policies_of(v_caller.company_id, v_team_ids, null));

    queues := '{}';
    total := '{}';
    for v_row in
        with found as materialized (
            select item.*
            from queue.recent_items(v_caller.company_id, v_policy_ids, v_machine_id, v_since) as item),
        counted as materialized (
            select
                item.policy_id,
                grouping(item.policy_id) = 1 as over_all,
                count(*) filter (where item.status = 'PENDING' and item.held is null) as waiting,
                count(*) filter (where item.status = 'PENDING' and item.held is not null) as held,
                count(*) filter (where item.status = 'ASSIGNED') as assigned,
                count(*) filter (where item.status = 'PROCESSING') as processing,
                count(*) filter (where item.status = 'CANCELLING') as cancelling,
                count(*) filter (where item.status = 'COMPLETED') as completed,
                count(*) filter (where item.status = 'FAILED') as failed,
                count(*) filter (where item.status = 'CANCELLED') as cancelled,
                count(*) filter (where item.created_time >= v_since) as created,
                count(*) filter (where item.started_time >= v_since) as started,
                count(*) filter (where item.finished_time >= v_since) as finished,
                min(item.ready_time) filter (where item.status = 'PENDING' and item.held is null) as oldest,
                percentile_disc(array[0.5, 0.99]) within group (order by item.assigned_time - item.ready_time)
                    filter (where item.assigned_time >= v_since) as waited,
                percentile_disc(array[0.5, 0.99]) within group (order by item.finished_time - item.started_time)
                    filter (where item.finished_time >= v_since and item.started_time is not null) as ran
            from found as item
            group by grouping sets ((item.policy_id), ()))
        select coalesce(counted.over_all, false) as over_all, team.team_name, policy.queue_name, counted.*
        from data.queue_policy as policy
        join data.team as team on team.company_id = policy.company_id and team.team_id = policy.team_id
        left join counted on counted.policy_id = policy.policy_id and not counted.over_all
        where policy.company_id = v_caller.company_id
          and policy.policy_id = any(v_policy_ids)
          and (policy.removed_time is null or counted.policy_id is not null)
        union all
        select true, null, null, counted.*
        from counted
        where counted.over_all
        order by 1, 2, 3
    loop
        v_line := row(v_row.team_name, v_row.queue_name, coalesce(v_row.waiting, 0), coalesce(v_row.held, 0),
            coalesce(v_row.assigned, 0), coalesce(v_row.processing, 0), coalesce(v_row.cancelling, 0),
            coalesce(v_row.completed, 0), coalesce(v_row.failed, 0), coalesce(v_row.cancelled, 0),
            round(coalesce(v_row.created, 0) / 60.0, 2), round(coalesce(v_row.started, 0) / 60.0, 2),
            round(coalesce(v_row.finished, 0) / 60.0, 2), v_row.oldest, data.seconds_between(v_row.oldest, v_now),
            data.seconds_between(v_now, v_now + v_row.waited[1]), data.seconds_between(v_now, v_now + v_row.waited[2]),
            data.seconds_between(v_now, v_now + v_row.ran[1]), data.seconds_between(v_now, v_now + v_row.ran[2]))::data.queue_statistics;
        if v_row.over_all then
            total := total || v_line;
        else
            queues := queues || v_line;
        end if;
    end loop;
end;
$$;
