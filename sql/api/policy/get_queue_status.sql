create or replace function api.get_queue_status(p_team_name data.name_list default null)
returns table (
    pending_count               bigint,
    queued_count                bigint,
    in_progress_count           bigint,
    completed_count             bigint,
    failed_count                bigint,
    cancelled_count             bigint,
    pending_dead_letter_count   bigint,
    resolved_dead_letter_count  bigint,
    discarded_dead_letter_count bigint,
    agent_count                 bigint,
    slot_count                  bigint,
    is_notifying                boolean)
language plpgsql volatile security definer set search_path = ''
as $$
-- How many items of teams are where, what became of those that were given up, and how many agents there are for them.
--
-- Callers: users
-- Arguments:
--   teamName  names, separated by commas; left out: every team of the caller
-- Returns:
--   1: one row. pendingCount: held back by time or for other items; queuedCount: may be taken; inProgressCount: in an agent's hands;
--      agentCount: agents of machines that were heard of in the last three minutes; slotCount: how many jobs they take at once;
--      isNotifying: whether a broker has looked for webhooks to be told in the last three minutes
-- Errors:
--   JB403  a team named is not the caller's
-- Rules:
--   All that is kept is counted. A retry counts beside what it retries.
--   An agent that speaks for a bridge counts once, however many machines it serves, unless they have agents of their own.
--   An agent that has never said how many slots it has is taken to have one.
#variable_conflict use_column
declare
    v_caller     auth.caller := auth.enter_call();
    v_now        timestamptz := data.clock();
    v_team_ids   bigint[] := auth.named_teams(v_caller, p_team_name);
    v_policy_ids bigint[];
begin
    v_policy_ids := array(
        select policy.policy_id
        from data.queue_policy as policy
        where policy.company_id = v_caller.company_id
          and policy.team_id = any(v_team_ids));

    return query
    select held.count, waiting.count, live.count, ended.completed, ended.failed, ended.cancelled, letters.pending_count,
           letters.resolved_count, letters.discarded_count, agents.agents, agents.slots,
           exists (
               select
               from data.sweep as sweep
               where sweep.procedure_name = 'webhooks'
                 and sweep.last_time >= v_now - interval '3 minutes')
    from (
        select count(*)
        from data.queue_item as item
        where item.company_id = v_caller.company_id
          and item.policy_id = any(v_policy_ids)
          and item.status = 'PENDING'
          and item.held is not null) as held
    cross join (
        select count(*)
        from data.lane as lane
        join data.queue_item as item on item.company_id = lane.company_id and item.lane_id = lane.lane_id
        where lane.company_id = v_caller.company_id
          and lane.policy_id = any(v_policy_ids)
          and item.status = 'PENDING'
          and item.held is null) as waiting
    cross join (
        select count(*)
        from data.queue_item as item
        where item.company_id = v_caller.company_id
          and item.policy_id = any(v_policy_ids)
          and item.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING')) as live
    cross join (
        select count(*) filter (where item.status = 'COMPLETED') as completed,
               count(*) filter (where item.status = 'FAILED') as failed,
               count(*) filter (where item.status = 'CANCELLED') as cancelled
        from data.queue_item as item
        where item.company_id = v_caller.company_id
          and item.policy_id = any(v_policy_ids)
          and item.finished_time is not null) as ended
    cross join queue.dead_letter_counts(v_caller.company_id, v_team_ids) as letters
    cross join (
        select count(*) as agents, coalesce(sum(agent.slots), 0)::bigint as slots
        from (
            select max(coalesce(machine.agent_slots, 1)) as slots
            from data.machine as machine
            cross join lateral queue.signs_of(machine, v_now) as signs
            cross join lateral (
                select exists (
                    select
                    from data.token as token
                    where token.company_id = machine.company_id
                      and token.machine_id = machine.machine_id
                      and greatest(token.last_used_time, token.last_claim_time) >= v_now - interval '3 minutes') as alone) as its
            where machine.company_id = v_caller.company_id
              and machine.team_id = any(v_team_ids)
              and signs.last_contact >= v_now - interval '3 minutes'
            group by its.alone, case when its.alone then machine.machine_id else machine.bridge_id end) as agent) as agents;
end;
$$;
