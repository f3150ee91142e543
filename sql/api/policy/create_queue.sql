create or replace function api.create_queue(
    p_team_name         text,
    p_queue_name        data.entity_name,
    p_concurrency       data.concurrency default 10,
    p_max_retries       data.retry_limit default 3,
    p_timeout_seconds   data.timeout_seconds default 300,
    p_backoff           jsonb default '{"exponential": {"initialDelayMs": 1000}}',
    p_rate_limit        jsonb default null,
    p_retention_seconds data.retention_seconds default null,
    p_retry_on_crash    boolean default true,
    p_secrets           jsonb default '{}',
    p_clear             text[] default null)
returns setof data.listed_queue
language plpgsql volatile security definer set search_path = ''
as $$
-- Make a queue: a policy of a team for the items that name it.
--
-- Callers: users
-- Arguments:
--   teamName          a team of the caller
--   queueName         its name
--   concurrency       how many of its items may run at once, 1 to 100000
--   maxRetries        how often a failed item is tried again, 0 to 99
--   timeoutSeconds    how long an agent may work on an item, 1 second to a year
--   backoff           how long to wait before a retry: {"fixed": {"delayMs": n}}, {"exponential": {"initialDelayMs": n}} or
--                     {"exponentialJitter": {"initialDelayMs": n}}
--   rateLimit         {"maxBurst": n, "perSecond": x}: how many items may start in a burst, and how many each second after it;
--                     left out: no limit
--   retentionSeconds  how long finished items are kept, a minute to ten years; left out: for ever
--   retryOnCrash      whether an item whose agent was lost is tried again
--   secrets           {"NAME": {"env": "VARIABLE"} or {"file": "/path"}}: what ${secrets.NAME} in a job stands for; the agent looks it
--                     up on its machine, as far as its configuration allows
--   clear             concurrency, timeoutSeconds: limits that it shall not have, whatever they are without a word
-- Returns:
--   1: the queue, one row
-- Errors:
--   JB400  backoff, rateLimit or secrets is not of its form, or clear names something else
--   JB403  the team is not the caller's
--   JB404  the company has no such team
--   JB409  the team has a queue of that name
-- Rules:
--   Names are unique in a team, whatever their case. Each team has a queue `default` from its beginning.
--   Items bring their own retries, timeout and backoff, if they want others.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_team   data.team := auth.lock_team(v_caller, p_team_name);
    v_policy data.queue_policy;
begin
    if not p_clear <@ array['concurrency', 'timeoutSeconds'] then
        raise exception using errcode = 'JB400', message = 'clear names something else than concurrency and timeoutSeconds';
    end if;
    perform queue.require_backoff(p_backoff);
    perform queue.require_secrets(p_secrets);
    if p_rate_limit is not null then
        perform queue.require_rate_limit(p_rate_limit);
    end if;

    insert into data.queue_policy (
        company_id, policy_uuid, team_id, queue_name, concurrency, max_retries, timeout_seconds, backoff, rate_burst,
        rate_per_second, retention_seconds, retry_on_crash, secrets, created_time)
    values (
        v_caller.company_id, data.uuid_v7(), v_team.team_id, p_queue_name,
        case when 'concurrency' = any(p_clear) then null else p_concurrency end, p_max_retries,
        case when 'timeoutSeconds' = any(p_clear) then null else p_timeout_seconds end,
        p_backoff, (p_rate_limit ->> 'maxBurst')::numeric, (p_rate_limit ->> 'perSecond')::double precision, p_retention_seconds,
        p_retry_on_crash, p_secrets, v_now)
    on conflict do nothing
    returning * into v_policy;
    if v_policy.policy_id is null then
        raise exception using errcode = 'JB409', message = format(
            'queue %s exists already in team %s', p_queue_name, v_team.team_name);
    end if;
    perform auth.audit(v_caller, v_now, 'Created', 'Queue', v_policy.policy_uuid, p_queue_name, format('in team %s', v_team.team_name));

    return next queue.show_policy(v_policy, v_team.team_name);
end;
$$;
