create or replace function queue.show_policy(p_policy data.queue_policy, p_team_name text, p_wake text[] default null)
returns data.listed_queue
language plpgsql stable set search_path = ''
as $$
-- A queue as its team sees it, with how many of its items wait, are held back and run, each counted up to 10,000.
--
-- Arguments:
--   wake  keys of the hub, for calls that let items go
declare
    v_settings jsonb := queue.settings_of(p_policy);
    v_load     record := queue.policy_load(p_policy.company_id, p_policy.policy_id, 10000);
begin
    return row(
        p_team_name, p_policy.queue_name, p_policy.concurrency, p_policy.max_retries, p_policy.timeout_seconds, p_policy.backoff,
        nullif(v_settings -> 'rateLimit', 'null'), p_policy.retention_seconds, p_policy.retry_on_crash, p_policy.secrets,
        p_policy.paused_time is not null, p_policy.paused_time, p_policy.paused_by, p_policy.pause_reason,
        v_load.waiting, v_load.held, v_load.running, p_policy.created_time, p_wake)::data.listed_queue;
end;
$$;
