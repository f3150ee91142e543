create or replace function api.get_recent_queue_item_counts(
    p_team_name    text,
    p_queue_name   data.name_list default null,
    p_max_records  integer default 50,
    p_skip_records integer default 0)
returns table (
    active_count bigint,
    more         boolean)
language plpgsql volatile security definer set search_path = ''
as $$
-- How many queue items of a team are not finished, and whether there are older ones than GetRecentQueueItems shows.
--
-- Callers: users
-- Permission: GetTeamQueueItems
-- Arguments:
--   teamName     a team of the caller
--   queueName    only items of the queues of these names, separated by commas
--   maxRecords   1 to 200, default 50
--   skipRecords  so many of the newest are not shown, 0 to 1000
-- Returns:
--   1: one row; activeCount: items that wait, are held back, or are in agents' hands, whatever is shown and skipped
-- Errors:
--   JB400  maxRecords or skipRecords is out of range
--   JB403  the team is not the caller's
--   JB404  the company has no such team
-- Rules:
--   The requesting user must be a member of the specified team.
declare
    v_caller     auth.caller := auth.enter_call();
    v_team       data.team := auth.require_team(v_caller, p_team_name);
    v_policy_ids bigint[] := queue.policies_of(v_caller.company_id, array[v_team.team_id], p_queue_name);
begin
    perform queue.require_page(p_max_records, p_skip_records);

    return query
    select (
        select coalesce(sum(load.waiting + load.held + load.running), 0)::bigint
        from unnest(v_policy_ids) as its (policy_id)
        cross join lateral queue.policy_load(v_caller.company_id, its.policy_id, null) as load), exists (
        select from queue.newest_items(v_caller.company_id, v_policy_ids, p_skip_records + p_max_records + 1) as newest
        offset p_skip_records + p_max_records);
end;
$$;
