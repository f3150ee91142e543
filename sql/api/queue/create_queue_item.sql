create or replace function api.create_queue_item(
    p_team_name             text,
    p_queue_vault           data.vault,
    p_machine_name          text default null,
    p_priority              data.priority_level default null,
    p_max_attempts          data.attempt_limit default null,
    p_timeout_seconds       data.timeout_seconds default null,
    p_metadata              jsonb default null,
    p_task_id               uuid default null,
    p_idempotency_key       data.idempotency_key default null,
    p_queue_name            text default null,
    p_labels                jsonb default null,
    p_retries               data.retry_limit default null,
    p_backoff               jsonb default null,
    p_not_before            timestamptz default null,
    p_expires_after_seconds data.expiry_seconds default null,
    p_depends_on            uuid[] default null,
    p_run_anyway            boolean default false,
    p_create_queue          boolean default false,
    p_rank                  data.priority default null)
returns table (
    queue_id     bigint,
    task_id      uuid,
    "time"       timestamptz,
    machine_name text,
    status       data.queue_status,
    priority     data.priority_level,
    bridge_name  text,
    created_by   text,
    queue_name   text,
    wake         data.wake)
language plpgsql volatile security definer set search_path = ''
as $$
-- Queue a job for a machine, or for the pool of a queue.
--
-- Callers: users
-- Seals: queueVault request new_item
-- Arguments:
--   teamName             a team of the caller
--   queueVault           the job, JSON text
--   machineName          a machine of that team; left out: any machine of the team that serves the queue
--   priority             1 highest to 5 lowest, default 3; plans below PREMIUM ignore it
--   maxAttempts          how many attempts there may be, lost ones too, 1 to 100; default: 3, or one more than the retries
--   timeoutSeconds       how long the agent may work on it, 1 second to a year; default: the queue's
--   metadata             a JSON object of at most 4 KiB, kept in the clear, to find items by
--   taskId               the item's other name, if the caller wants to choose it
--   queueName            a queue of that team; default: the team's own
--   labels               of an item for the pool: what the machine must have, as {"os": "linux"}
--   retries              automatic retries after a failure, 0 to 99; default: the queue's
--   backoff              how long to wait before a retry: {"fixed": {"delayMs": n}}, {"exponential": {"initialDelayMs": n}} or
--                        {"exponentialJitter": {"initialDelayMs": n}}; default: the queue's
--   notBefore            the time before which nobody may start it
--   expiresAfterSeconds  how long it may wait, once it is due, for an agent to take it; then it fails
--   dependsOn            taskIds of at most 100 items of the team that must be COMPLETED before it runs
--   runAnyway            it runs also when one of these fails, is cancelled or deleted; else it fails then too
--   createQueue          a queue of that name is made, as by CreateQueue with its defaults, if the team has none
--   rank                 instead of priority, finer: 100 first to 0 last, default 50; plans below PREMIUM ignore it
-- Returns:
--   1: the new item, one row
-- Errors:
--   JB400  neither machineName nor queueName, labels with a machine, priority and rank, or a member is out of its bounds
--   JB403  the team is not the caller's, the queue is to be made and he may not make one, or there is no key to seal with
--   JB404  the company has no such team, or the team no such machine, queue or needed item
--   JB409  the taskId is taken; a needed item is FAILED or CANCELLED; or the Idempotency-Key was used with another body
--   JB421  the vault was sealed for another machine
-- Rules:
--   The requesting user must be a member of the specified team.
--   The machine must exist in the specified team.
--   The same Idempotency-Key and body again: the same item.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_team   data.team := auth.require_team(v_caller, p_team_name);
    v_order  data.item_order := row(p_machine_name, p_queue_name, p_labels, p_queue_vault, p_priority, p_max_attempts, p_retries,
                                    p_timeout_seconds, p_backoff, p_not_before, p_expires_after_seconds, p_metadata, p_task_id, p_run_anyway);
    v_made   boolean := case when p_create_queue then queue.ensure_policy(v_caller, v_team, p_queue_name, v_now) end;
    v_new    data.new_item := queue.resolve_order(v_caller, v_team, v_order, v_now);
    v_items  data.queue_item[];
    v_item   data.queue_item;
begin
    if p_rank is not null then
        if p_priority is not null then
            raise exception using errcode = 'JB400', message = 'priority and rank are both given: they are one thing, give one of them';
        end if;
        v_new.priority := data.rank_of(p_rank, v_caller.plan);
    end if;

    if p_idempotency_key is not null then
        v_item := queue.find_repeated(v_caller, p_idempotency_key, data.fingerprint_of(p_queue_vault), jsonb_build_array(
            v_new.machine_id, p_priority, coalesce(p_max_attempts, 3), p_timeout_seconds, p_metadata, p_task_id, v_new.policy_id, p_labels,
            p_retries, p_backoff, p_not_before, p_expires_after_seconds)
            || case when p_depends_on is null then '[]' else jsonb_build_array(p_depends_on, p_run_anyway) end
            || case when p_rank is null and p_create_queue is not true then '[]'
                    else jsonb_build_array(jsonb_build_object('rank', p_rank, 'createQueue', p_create_queue)) end, v_now);
    end if;

    if v_item.queue_id is null then
        if p_task_id is not null and exists (
            select from data.queue_item as item
            where item.company_id = v_caller.company_id
              and item.task_id between p_task_id and p_task_id) then
            raise exception using errcode = 'JB409', message = format('taskId %s is taken', p_task_id);
        end if;

        if p_depends_on is not null then
            v_new.needs := queue.require_needs(v_caller, v_team.team_id, p_depends_on, v_new.task_id);
        end if;
        v_items := queue.add_items(v_caller, array[v_new], v_now);
        v_item := v_items[1];
        if p_idempotency_key is not null then
            update data.idempotency as kept
            set queue_id = v_item.queue_id
            where kept.company_id = v_caller.company_id
              and kept.user_id = v_caller.user_id
              and kept.idempotency_key = p_idempotency_key;
        end if;
    end if;

    return query
    select v_item.queue_id, v_item.task_id, v_item.created_time, its.machine_name, v_item.status,
           data.priority_level_of(v_item.priority, v_caller.plan)::data.priority_level, its.bridge_name, v_caller.actor,
           its.queue_name, (queue.wake_of(v_item) || queue.keys_of_needs(v_caller.company_id, v_new.needs))::data.wake
    from queue.places_of(v_item) as its;
end;
$$;
