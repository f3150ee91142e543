create or replace function api.get_queue_totals(p_team_name data.name_list default null)
returns table (
    waiting_count       bigint,
    scheduled_count     bigint,
    running_count       bigint,
    completed_count     bigint,
    failed_count        bigint,
    cancelled_count     bigint,
    total_count         bigint,
    active_agent_count  bigint,
    silent_machine_count bigint,
    max_running         integer,
    max_running_per_user integer,
    last_cleanup        timestamptz)
language plpgsql volatile security definer set search_path = ''
as $$
-- All items of teams by state, the agents that work on them, and the limits that hold for them.
--
-- Callers: users
-- Arguments:
--   teamName  names, separated by commas; left out: every team of the caller
-- Returns:
--   1: one row: items that wait, are held back, are in agents' hands, and those finished and still kept;
--      agents heard of in the last three minutes; machines whose agent was heard of once, but not lately, or takes no work;
--      the limits of the company, null: none; when retention last ran in any broker
-- Errors:
--   JB403  a team named is not the caller's
-- Rules:
--   A name of a team that the company does not have is ignored. Each item counts once, a retry as an item of its own.
--   What costs is what is kept: the items of the teams are counted one by one.
#variable_conflict use_column
declare
    v_caller   auth.caller := auth.enter_call();
    v_now      timestamptz := data.clock();
    v_team_ids bigint[] := auth.named_teams(v_caller, p_team_name);
    v_agents   record;
begin
    select count(distinct token.token_id) filter (
               where greatest(token.last_claim_time, case when token.last_used_time > token.created_time then token.last_used_time end)
                   >= v_now - interval '3 minutes') as active,
           count(distinct machine.machine_id) filter (where signs.health in ('OFFLINE', 'DEAF')) as silent
    into v_agents
    from data.machine as machine
    cross join lateral queue.signs_of(machine, v_now) as signs
    left join data.token as token
        on token.company_id = machine.company_id
        and token.kind = 'agent'
        and (token.machine_id = machine.machine_id or token.bridge_id = machine.bridge_id)
    where machine.company_id = v_caller.company_id
      and machine.team_id = any(v_team_ids)
      and machine.removed_time is null;

    return query
    select count(*) filter (where item.status = 'PENDING' and item.held is null),
           count(*) filter (where item.status = 'PENDING' and item.held is not null),
           count(*) filter (where item.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING')),
           count(*) filter (where item.status = 'COMPLETED'), count(*) filter (where item.status = 'FAILED'),
           count(*) filter (where item.status = 'CANCELLED'), count(*), v_agents.active, v_agents.silent,
           (select company.max_running::integer
            from data.company as company
            where company.company_id = v_caller.company_id),
           (select company.max_running_per_user::integer
            from data.company as company
            where company.company_id = v_caller.company_id),
           (select sweep.last_time
            from data.sweep as sweep
            where sweep.procedure_name = 'delete_old_items')
    from data.queue_item as item
    where item.company_id = v_caller.company_id
      and item.team_id = any(v_team_ids);
end;
$$;
