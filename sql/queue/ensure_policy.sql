create or replace function queue.ensure_policy(
    p_caller     auth.caller,
    p_team       data.team,
    p_queue_name text,
    p_now        timestamptz)
returns boolean
language plpgsql volatile set search_path = ''
as $$
-- Make a queue of that name with the settings that CreateQueue gives, if the team has none.
--
-- Returns:
--   whether it was made
-- Errors:
--   JB403  it would have to be made, and the caller may not call CreateQueue
-- Rules:
--   Two calls at once: the second waits here for the first, and finds its queue.
declare
    v_uuid uuid;
begin
    if p_queue_name is null or exists (
        select from data.queue_policy as policy
        where policy.company_id = p_caller.company_id
          and policy.team_id = p_team.team_id
          and lower(policy.queue_name) = lower(p_queue_name)
          and policy.removed_time is null) then
        return false;
    elsif 'CreateQueue' <> all(p_caller.permissions) then
        raise exception using errcode = 'JB403', message = format('%s may not call CreateQueue', p_caller.actor);
    end if;

    insert into data.queue_policy (
        company_id, policy_uuid, team_id, queue_name, concurrency, max_retries, timeout_seconds, backoff, created_time)
    values (
        p_caller.company_id, data.uuid_v7(), p_team.team_id, p_queue_name, 10, 3, 300, data.default_backoff(), p_now)
    on conflict do nothing
    returning policy_uuid into v_uuid;
    if v_uuid is null then
        return false;
    end if;
    perform auth.audit(p_caller, p_now, 'Created', 'Queue', v_uuid, p_queue_name, format('in team %s', p_team.team_name));
    return true;
end;
$$;
