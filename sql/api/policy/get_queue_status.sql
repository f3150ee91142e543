create or replace function api.get_queue_status(p_team_name data.name_list default null)
returns table (
    waiting_count               bigint,
    held_count                  bigint,
    running_count               bigint,
    completed_count             bigint,
    failed_count                bigint,
    cancelled_count             bigint,
    pending_dead_letter_count   bigint,
    resolved_dead_letter_count  bigint,
    discarded_dead_letter_count bigint,
    agent_count                 bigint,
    slot_count                  bigint,
    silent_machine_count        bigint,
    max_running                 integer,
    max_running_per_user        integer,
    is_notifying                boolean,
    last_cleanup                timestamptz)
language plpgsql volatile security definer set search_path = ''
as $$
-- How many items of teams are where, what became of those that were given up, how many agents there are for them, and what limits
-- hold.
--
-- Callers: users
-- Arguments:
--   teamName  names, separated by commas; left out: every team of the caller
-- Returns:
--   1: one row. waitingCount: may be taken; heldCount: held back by time or for other items; runningCount: in an agent's hands;
--      the others have finished, and are still kept. agentCount: agents of machines that were heard of in the last three minutes;
--      slotCount: how many jobs they take at once; silentMachineCount: machines whose agent was heard of once, but not lately, or
--      takes no work; maxRunning, maxRunningPerUser: limits of the company, null: none; isNotifying: whether a broker has looked
--      for webhooks to be told in the last three minutes; lastCleanup: when retention last ran in any broker
-- Errors:
--   JB403  a team named is not the caller's
-- Rules:
--   All that is kept is counted, by indexes alone. A retry counts beside what it retries.
--   An agent that speaks for a bridge counts once, however many machines it serves, unless they have agents of their own.
--   An agent that has never said how many slots it has is taken to have one.
#variable_conflict use_column
declare
    v_caller   auth.caller := auth.enter_call();
    v_now      timestamptz := data.clock();
    v_since    timestamptz := v_now - interval '3 minutes';
    v_team_ids bigint[] := auth.named_teams(v_caller, p_team_name);
begin
    return query
    select items.waiting, items.held, items.running, items.completed, items.failed, items.cancelled, letters.pending_count,
           letters.resolved_count, letters.discarded_count, agents.agents, agents.slots, agents.silent,
           company.max_running::integer, company.max_running_per_user::integer, coalesce(webhooks.last_time >= v_since, false), retention.last_time
    from data.company as company
    cross join (
        select coalesce(sum(load.waiting), 0)::bigint as waiting, coalesce(sum(load.held), 0)::bigint as held,
               coalesce(sum(load.running), 0)::bigint as running, coalesce(sum(ended.completed), 0)::bigint as completed,
               coalesce(sum(ended.failed), 0)::bigint as failed, coalesce(sum(ended.cancelled), 0)::bigint as cancelled
        from unnest(queue.policies_of(v_caller.company_id, v_team_ids, null)) as its (policy_id)
        cross join lateral queue.policy_load(v_caller.company_id, its.policy_id, null) as load
        cross join lateral queue.policy_ends(v_caller.company_id, its.policy_id) as ended) as items
    cross join queue.dead_letter_counts(v_caller.company_id, v_team_ids) as letters
    cross join (
        select count(*) filter (where agent.heard) as agents,
               coalesce(sum(agent.slots) filter (where agent.heard), 0)::bigint as slots,
               coalesce(sum(agent.silent), 0)::bigint as silent
        from (
            select coalesce(max(signs.last_contact) >= v_since, false) as heard, max(coalesce(machine.agent_slots, 1)) as slots,
                   count(*) filter (where signs.health in ('OFFLINE', 'DEAF')) as silent
            from data.machine as machine
            cross join lateral queue.signs_of(machine, v_now) as signs
            cross join lateral (
                select exists (
                    select from data.token as token
                    where token.company_id = machine.company_id
                      and token.machine_id = machine.machine_id
                      and greatest(token.last_used_time, token.last_claim_time) >= v_since) as alone) as its
            where machine.company_id = v_caller.company_id
              and machine.team_id = any(v_team_ids)
              and machine.removed_time is null
            group by its.alone, case when its.alone then machine.machine_id else machine.bridge_id end) as agent) as agents
    left join data.sweep as webhooks on webhooks.procedure_name = 'webhooks'
    left join data.sweep as retention on retention.procedure_name = 'delete_old_items'
    where company.company_id = v_caller.company_id;
end;
$$;
