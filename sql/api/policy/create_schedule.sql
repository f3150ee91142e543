create or replace function api.create_schedule(
    p_team_name             text,
    p_schedule_name         data.entity_name,
    p_queue_vault           data.vault,
    p_cron                  text default null,
    p_every_seconds         integer default null,
    p_time_zone             text default null,
    p_missed                data.missed_tick default null,
    p_overlap               data.overlap default null,
    p_enabled               boolean default null,
    p_machine_name          text default null,
    p_queue_name            text default null,
    p_labels                jsonb default null,
    p_priority              data.priority_level default null,
    p_max_attempts          data.attempt_limit default null,
    p_retries               data.retry_limit default null,
    p_timeout_seconds       data.timeout_seconds default null,
    p_backoff               jsonb default null,
    p_expires_after_seconds data.expiry_seconds default null,
    p_metadata              jsonb default null,
    p_schedule_material     data.schedule_material default null)
returns table (
    schedule_name text,
    team_name     text,
    enabled       boolean,
    next_time     timestamptz,
    vault_version integer)
language plpgsql volatile security definer set search_path = ''
as $$
-- Make a schedule: it queues a job at each of its ticks, for a machine or for the pool of a queue.
--
-- Callers: users
-- Ceremony: schedule
-- Seals: queueVault request new_schedule
-- Arguments:
--   teamName             a team of the caller
--   scheduleName         its name, unique in the team
--   queueVault           the job, JSON text
--   cron                 five fields, minute hour day month weekday, as cron reads them: 0 2 * * 1-5
--   everySeconds         or an interval, 10 to 31536000; its first tick comes when it has passed once
--   timeZone             in which cron is read, a name of the IANA database as Europe/Berlin; default UTC
--   missed               what follows when ticks were missed, since no broker ran or the schedule was disabled: RUN_ONCE, one
--                        item for all until now, or SKIP, none; default RUN_ONCE. Missed is a tick that is 60 seconds late
--   overlap              what happens at a tick while an earlier item of the schedule is unfinished: ALLOW, SKIP the tick, or
--                        CANCEL_OLDER, which asks running ones to stop; default ALLOW
--   enabled              whether it runs; default true
--   machineName          a machine of that team; left out: any machine of the team that serves the queue
--   queueName            a queue of that team; default: the team's own
--   labels               of items for the pool: what the machine must have, as {"os": "linux"}
--   priority             1 highest to 5 lowest, default 3; plans below PREMIUM ignore it
--   maxAttempts          of each item: how many attempts there may be, lost ones too, 1 to 100; default: 3, or one more than
--                        the retries
--   retries              of each item: automatic retries after a failure, 0 to 99; default: the queue's, as it is now
--   timeoutSeconds       how long the agent may work on each, 1 second to a year; default: the queue's, as it is now
--   backoff              how long to wait before a retry, as in CreateQueueItem; default: the queue's
--   expiresAfterSeconds  how long an item may wait for an agent to take it; then it fails
--   metadata             of each item: a JSON object of at most 4 KiB, kept in the clear
-- Returns:
--   1: the new schedule, one row
-- Errors:
--   JB400  neither cron nor everySeconds, or both; cron cannot be read or never fires; the time zone is not known; neither
--          machineName nor queueName; or a member is out of its bounds
--   JB403  the team is not the caller's, or there is no key to seal with
--   JB404  the company has no such team, or the team no such machine or queue
--   JB409  the team has a schedule of that name
--   JB421  the vault was sealed for another machine
-- Rules:
--   The requesting user must be a member of the specified team.
--   Items are made in the name of who made the schedule; they refer to its vault, so no key is needed for a tick.
--   When clocks are put forward, a tick of the lost hour comes at once after it; when they are put back, a tick of the
--   repeated hour comes once. Expressions whose minute or hour begins with * go by the time that passes.
#variable_conflict use_column
declare
    v_caller    auth.caller := auth.enter_call();
    v_now       timestamptz := data.clock();
    v_team      data.team := auth.require_team(v_caller, p_team_name);
    v_limits    data.company_limits := queue.pass_gate(v_caller.company_id);      -- nobody deletes the queue meanwhile
    v_time_zone text := coalesce(p_time_zone, 'UTC');
    v_order     data.item_order;
    v_new       data.new_item;
    v_record_id bigint;
    v_next_time timestamptz;
begin
    perform queue.require_timing(p_cron, p_every_seconds, v_time_zone);
    v_order.machine_name := p_machine_name;
    v_order.queue_name := p_queue_name;
    v_order.labels := p_labels;
    v_order.queue_vault := p_queue_vault;
    v_order.priority := p_priority;
    v_order.max_attempts := p_max_attempts;
    v_order.retries := p_retries;
    v_order.timeout_seconds := p_timeout_seconds;
    v_order.backoff := p_backoff;
    v_order.expires_after_seconds := p_expires_after_seconds;
    v_order.metadata := p_metadata;
    v_new := queue.resolve_order(v_caller, v_team, v_order, v_now);

    v_record_id := data.store_vault(v_caller.company_id, p_queue_vault, v_now);
    v_next_time := queue.first_tick(p_cron, p_every_seconds, v_time_zone, p_schedule_material, v_now);
    insert into data.schedule (
        company_id, schedule_uuid, team_id, schedule_name, cron, every_seconds, time_zone, missed, overlap, enabled, next_time,
        policy_id, machine_id, labels, priority, max_attempts, retries, timeout_seconds, backoff, expires_after_seconds, metadata,
        vault_record_id, created_by, created_time)
    values (
        v_caller.company_id, v_new.task_id, v_team.team_id, p_schedule_name, p_cron, p_every_seconds, v_time_zone,
        coalesce(p_missed, 'RUN_ONCE'), coalesce(p_overlap, 'ALLOW'), coalesce(p_enabled, true), v_next_time,
        v_new.policy_id, v_new.machine_id, v_new.labels, v_new.priority, v_new.max_attempts, v_new.retries, v_new.timeout_seconds,
        v_new.backoff, p_expires_after_seconds, v_new.metadata, v_record_id, v_caller.user_id, v_now)
    on conflict do nothing;
    if not found then
        raise exception using errcode = 'JB409', message = format(
            'schedule %s exists already in team %s', p_schedule_name, v_team.team_name);
    end if;
    perform auth.audit(v_caller, v_now, 'Created', 'Schedule', v_new.task_id, p_schedule_name,
        format('in team %s, %s', v_team.team_name, queue.timing_in_words(p_cron, p_every_seconds, v_time_zone)));

    return query
    select p_schedule_name::text, v_team.team_name::text, coalesce(p_enabled, true),
           case when coalesce(p_enabled, true) then v_next_time end, 1;
end;
$$;
