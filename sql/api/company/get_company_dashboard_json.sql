create or replace function api.get_company_dashboard_json(
    out company  data.company_overview[],
    out uses     data.plan_use[],
    out states   data.state_count[],
    out teams    data.team_overview[],
    out bridges  data.bridge_overview[],
    out machines data.machine_overview[])
language plpgsql volatile security definer set search_path = ''
as $$
-- Show how the company does: what it has, what waits and runs, and which machines were heard of.
--
-- Callers: users
-- Returns:
--   1: the company, one row
--   2: what its plan allows and how much of it is used
--   3: how many items are in each state that is not final
--   4: its teams by name
--   5: its bridges by name
--   6: machines, those with most to do first, at most 1000
-- Rules:
--   Items and machines are those of the caller's teams; for administrators those of the company.
--   An item is stale when nobody has heard of it for 10 minutes. Contacts are known to the minute.
--   What it costs depends on what waits and runs, not on what has finished.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_teams  bigint[] := auth.shown_teams(v_caller);
    v_loads  data.machine_work[] := array(
        select load
        from queue.machine_loads(v_caller.company_id, v_teams, v_now - interval '10 minutes') as load);
begin
    company := array(
        select row(own.company_name, own.plan, own.created_time, own.requests_blocked_time is not null, v_now)
                   ::data.company_overview
        from data.company as own
        where own.company_id = v_caller.company_id);

    uses := array(select used from auth.plan_uses(v_caller) as used);

    states := array(
        select row(counted.status, counted.item_count)::data.state_count
        from (
            select 'PENDING'::data.queue_status as status, sum(load.pending_count)::bigint as item_count
            from unnest(v_loads) as load
            union all
            select 'ASSIGNED', sum(load.assigned_count)::bigint
            from unnest(v_loads) as load
            union all
            select 'PROCESSING', sum(load.processing_count)::bigint
            from unnest(v_loads) as load
            union all
            select 'CANCELLING', sum(load.cancelling_count)::bigint
            from unnest(v_loads) as load) as counted
        where counted.item_count > 0);

    teams := array(
        select row(
                   team.team_name,
                   exists (
                       select from data.team_member as own
                       where own.company_id = v_caller.company_id
                         and own.team_id = team.team_id
                         and own.user_id = v_caller.user_id),
                   (select count(*)
                    from data.team_member as member
                    where member.company_id = v_caller.company_id
                      and member.team_id = team.team_id),
                   (select count(*)
                    from data.machine as machine
                    where machine.company_id = v_caller.company_id
                      and machine.team_id = team.team_id),
                   work.pending_count, work.running_count, work.stale_count)::data.team_overview
        from data.team as team
        cross join lateral (
            select case when team.team_id = any(v_teams) then coalesce(sum(load.pending_count)::bigint, 0) end as pending_count,
                   case when team.team_id = any(v_teams) then coalesce(sum(
                       load.assigned_count + load.processing_count + load.cancelling_count)::bigint, 0) end as running_count,
                   case when team.team_id = any(v_teams) then coalesce(sum(load.stale_count)::bigint, 0) end as stale_count
            from unnest(v_loads) as load
            where load.team_id = team.team_id) as work
        where team.company_id = v_caller.company_id
        order by lower(team.team_name));

    bridges := array(
        select row(
                   bridge.bridge_name, region.region_name,
                   (select count(*)
                    from data.machine as machine
                    where machine.company_id = v_caller.company_id
                      and machine.bridge_id = bridge.bridge_id),
                   data.last_contact(v_caller.company_id, null, bridge.bridge_id))::data.bridge_overview
        from data.bridge as bridge
        join data.region as region on region.company_id = bridge.company_id and region.region_id = bridge.region_id
        where bridge.company_id = v_caller.company_id
        order by lower(bridge.bridge_name));

    machines := array(
        select row(
                   load.machine_name, team.team_name, bridge.bridge_name, load.pending_count,
                   load.assigned_count + load.processing_count + load.cancelling_count, load.stale_count,
                   data.last_contact(v_caller.company_id, load.machine_id, load.bridge_id))::data.machine_overview
        from (
            select busy.*
            from unnest(v_loads) as busy
            where busy.machine_id is not null
            order by busy.stale_count desc, busy.pending_count desc, lower(busy.machine_name)
            limit 1000) as load
        join data.team as team on team.company_id = v_caller.company_id and team.team_id = load.team_id
        join data.bridge as bridge on bridge.company_id = v_caller.company_id and bridge.bridge_id = load.bridge_id
        order by load.stale_count desc, load.pending_count desc, lower(load.machine_name));
end;
$$;
