create or replace function api.get_recent_queue_items(
    p_team_name    text,
    p_queue_name   data.name_list default null,
    p_max_records  integer default 50,
    p_skip_records integer default 0)
returns table (
    queue_id       bigint,
    task_id        uuid,
    created_time   timestamptz,
    assigned_time  timestamptz,
    started_time   timestamptz,
    finished_time  timestamptz,
    status         data.queue_status,
    failure_reason data.failure_reason,
    attempt        integer,
    max_attempts   integer,
    rank           smallint,
    machine_name   text,
    queue_name     text,
    metadata       jsonb,
    vault_version  integer,
    vault_content  data.vault)
language plpgsql volatile security definer set search_path = ''
as $$
-- The queue items of a team that were made last, with their jobs opened.
--
-- Callers: users
-- Permission: GetTeamQueueItems
-- Counts: get_recent_queue_item_counts
-- Arguments:
--   teamName     a team of the caller
--   queueName    only items of the queues of these names, separated by commas
--   maxRecords   1 to 200, default 50
--   skipRecords  so many of the newest are not shown, 0 to 1000
-- Returns:
--   1: the items, newest first; rank: priority from 100, first, to 0, last, for plans PREMIUM and ELITE, 50 for the others
--   2: how many items are not finished, and whether there are older ones than these
-- Errors:
--   JB400  maxRecords or skipRecords is out of range
--   JB403  the team is not the caller's
--   JB404  the company has no such team
-- Rules:
--   The requesting user must be a member of the specified team.
--   A queue that the team does not have has no items; those of a deleted queue are shown as long as they are kept.
--   It reads no more items than it shows or skips, of each queue, however many there are.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_team   data.team := auth.require_team(v_caller, p_team_name);
begin
    perform queue.require_page(p_max_records, p_skip_records);

    return query
    select item.queue_id, item.task_id, item.created_time, item.assigned_time, item.started_time, item.finished_time, item.status,
           item.failure_reason, item.attempt, item.max_attempts::integer, data.rank_of(item.priority, v_caller.plan),
           coalesce(machine.machine_name, machine.removed_name)::text, policy.queue_name::text, item.metadata, request.version,
           data.vault_of(request)
    from (
        select newest.queue_id
        from queue.newest_items(v_caller.company_id,
            queue.policies_of(v_caller.company_id, array[v_team.team_id], p_queue_name), p_skip_records + p_max_records) as newest
        order by newest.queue_id desc
        limit p_max_records
        offset p_skip_records) as page
    cross join lateral (
        select found.*
        from data.queue_item as found
        where found.company_id = v_caller.company_id
          and found.queue_id = page.queue_id
        offset 0) as item
    cross join lateral (
        select vault.*
        from data.vault_record as vault
        where vault.company_id = v_caller.company_id
          and vault.vault_record_id = item.request_vault_id
        offset 0) as request
    join data.queue_policy as policy on policy.company_id = item.company_id and policy.policy_id = item.policy_id
    left join data.machine as machine on machine.company_id = item.company_id and machine.machine_id = item.machine_id
    order by page.queue_id desc;
end;
$$;
