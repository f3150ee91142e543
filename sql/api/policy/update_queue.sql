create or replace function api.update_queue(
    p_team_name         text,
    p_queue_name        text,
    p_concurrency       data.concurrency default null,
    p_max_retries       data.retry_limit default null,
    p_timeout_seconds   data.timeout_seconds default null,
    p_backoff           jsonb default null,
    p_rate_limit        jsonb default null,
    p_retention_seconds data.retention_seconds default null,
    p_retry_on_crash    boolean default null,
    p_secrets           jsonb default null,
    p_clear             text[] default null)
returns setof data.listed_queue
language plpgsql volatile security definer set search_path = ''
as $$
-- Change some settings of a queue; the others stay.
--
-- Callers: users
-- Arguments:
--   teamName          a team of the caller
--   queueName         a queue of that team
--   concurrency       how many of its items may run at once, 1 to 100000
--   maxRetries        how often a failed item is tried again, 0 to 99
--   timeoutSeconds    how long an agent may work on an item, 1 second to a year
--   backoff           how long to wait before a retry, as in CreateQueue
--   rateLimit         {"maxBurst": n, "perSecond": x}, as in CreateQueue
--   retentionSeconds  how long finished items are kept, a minute to ten years
--   retryOnCrash      whether an item whose agent was lost is tried again
--   secrets           all secrets of the queue, as in CreateQueue; those that are not named are gone
--   clear             limits to lift, of concurrency, timeoutSeconds, rateLimit and retentionSeconds: null leaves a member as it is
-- Returns:
--   1: the queue after the change, one row
-- Errors:
--   JB400  backoff, rateLimit or secrets is not of its form, clear names something else, or a member that is given
--   JB403  the team is not the caller's
--   JB404  the company has no such team, or the team no such queue
-- Rules:
--   From the answer on nothing starts beyond the new limits. What runs already goes on.
--   Retries and timeout are taken over when an item is made: those that wait keep theirs. Backoff is looked up when it is needed.
--   A bucket keeps its tokens, as far as its new burst holds them.
#variable_conflict use_column
declare
    v_caller   auth.caller := auth.enter_call();
    v_now      timestamptz := data.clock();
    v_team     data.team := auth.require_team(v_caller, p_team_name);
    v_clear    text[] := coalesce(p_clear, '{}');
    v_given    text[] := array[case when p_concurrency is not null then 'concurrency' end,
                               case when p_timeout_seconds is not null then 'timeoutSeconds' end,
                               case when p_rate_limit is not null then 'rateLimit' end,
                               case when p_retention_seconds is not null then 'retentionSeconds' end];
    v_old      data.queue_policy;
    v_new      data.queue_policy;
    v_name     text;
    v_changes  text;
begin
    foreach v_name in array v_clear loop
        if v_name is null or v_name not in ('concurrency', 'timeoutSeconds', 'rateLimit', 'retentionSeconds') then
            raise exception using errcode = 'JB400', message = format(
                'clear names %s: concurrency, timeoutSeconds, rateLimit and retentionSeconds can be lifted', left(v_name, 100));
        elsif v_name = any(v_given) then
            raise exception using errcode = 'JB400', message = format('%s is both given and to be lifted', v_name);
        end if;
    end loop;
    if p_backoff is not null then
        perform queue.require_backoff(p_backoff);
    end if;
    if p_secrets is not null then
        perform queue.require_secrets(p_secrets);
    end if;
    if p_rate_limit is not null then
        perform queue.require_rate_limit(p_rate_limit);
    end if;

    v_old := queue.lock_policy(v_caller, v_team, p_queue_name);
    v_new := v_old;
    v_new.concurrency := case when 'concurrency' <> all(v_clear) then coalesce(p_concurrency, v_old.concurrency) end;
    v_new.timeout_seconds := case when 'timeoutSeconds' <> all(v_clear) then coalesce(p_timeout_seconds, v_old.timeout_seconds) end;
    v_new.retention_seconds := case when 'retentionSeconds' <> all(v_clear) then coalesce(p_retention_seconds, v_old.retention_seconds) end;
    v_new.max_retries := coalesce(p_max_retries, v_old.max_retries);
    v_new.backoff := coalesce(p_backoff, v_old.backoff);
    v_new.retry_on_crash := coalesce(p_retry_on_crash, v_old.retry_on_crash);
    v_new.secrets := coalesce(p_secrets, v_old.secrets);
    if p_rate_limit is not null or 'rateLimit' = any(v_clear) then
        v_new.rate_burst := (p_rate_limit ->> 'maxBurst')::numeric;
        v_new.rate_per_second := (p_rate_limit ->> 'perSecond')::double precision;
        -- What came in until now came at the old rate.
        v_new.tokens := case when num_nonnulls(v_old.rate_burst, v_new.rate_burst) = 2
            then least(queue.tokens_of(v_old, v_now), v_new.rate_burst) end;
        v_new.tokens_time := case when v_new.tokens is not null then greatest(v_now, v_old.tokens_time) end;
    end if;

    update data.queue_policy as policy
    set concurrency = v_new.concurrency,
        max_retries = v_new.max_retries,
        timeout_seconds = v_new.timeout_seconds,
        backoff = v_new.backoff,
        rate_burst = v_new.rate_burst,
        rate_per_second = v_new.rate_per_second,
        tokens = v_new.tokens,
        tokens_time = v_new.tokens_time,
        retention_seconds = v_new.retention_seconds,
        retry_on_crash = v_new.retry_on_crash,
        secrets = v_new.secrets
    where policy.company_id = v_caller.company_id
      and policy.policy_id = v_old.policy_id;

    select string_agg(format('%s %s', member.key, coalesce(nullif(member.value, 'null') #>> '{}', 'none')), ', ' order by member.key)
    into v_changes
    from jsonb_each(queue.settings_of(v_new)) as member
    where member.value is distinct from queue.settings_of(v_old) -> member.key;
    perform auth.audit(v_caller, v_now, 'Updated', 'Queue', v_old.policy_uuid, v_old.queue_name,
        format('in team %s: %s', v_team.team_name, coalesce(v_changes, 'nothing changed')));

    return next queue.show_policy(v_new, v_team.team_name, array['queue:' || v_new.policy_id]);
end;
$$;
