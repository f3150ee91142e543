create or replace function queue.wait_keys(
    p_company_id  bigint,
    p_machine_ids bigint[],
    p_pool_ids    bigint[],
    p_lanes       data.open_lane[],
    p_limits      data.company_limits)
returns text[]
language sql immutable set search_path = ''
as $$
-- Keys of the hub for whoever found nothing: his machines and pools, and whatever was closed or full.
select array(
    select 'machine:' || machine_id from unnest(p_machine_ids) as machine_id
    union all
    select 'pool:' || team_id from unnest(p_pool_ids) as team_id
    union
    select 'queue:' || lane.policy_id from unnest(p_lanes) as lane where lane.limited or lane.paused
    union all
    select 'company:' || p_company_id where num_nonnulls(p_limits.max_running, p_limits.max_running_per_user) > 0);
$$;
