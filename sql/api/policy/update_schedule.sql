create or replace function api.update_schedule(
    p_team_name             text,
    p_schedule_name         text,
    p_queue_vault           data.vault default null,
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
-- Change a schedule: what is left out stays as it is.
--
-- Callers: users
-- Ceremony: schedule
-- Seals: queueVault request schedule
-- Arguments:
--   teamName             a team of the caller
--   scheduleName         the schedule
--   queueVault           the job from now on, JSON text; needed when machineName moves the schedule
--   cron                 as in CreateSchedule; takes the place of an interval
--   everySeconds         as in CreateSchedule; takes the place of a cron expression
--   timeZone             in which cron is read, a name of the IANA database
--   missed               RUN_ONCE or SKIP, as in CreateSchedule
--   overlap              ALLOW, SKIP or CANCEL_OLDER, as in CreateSchedule
--   enabled              whether it runs; true takes away the problem that had disabled it
--   machineName          the machine of its items from now on
--   queueName            the queue of its items from now on
--   labels               of items for the pool: what the machine must have
--   priority             1 highest to 5 lowest; plans below PREMIUM ignore it
--   maxAttempts          of each item: how many attempts there may be, 1 to 100; raised when retries need more
--   retries              of each item: automatic retries after a failure, 0 to 99
--   timeoutSeconds       how long the agent may work on each, 1 second to a year
--   backoff              how long to wait before a retry, as in CreateQueueItem
--   expiresAfterSeconds  how long an item may wait for an agent to take it; then it fails
--   metadata             of each item: a JSON object of at most 4 KiB, kept in the clear
-- Returns:
--   1: the schedule after the change, one row
-- Errors:
--   JB400  a member is out of its bounds, cron cannot be read or never fires, or the vault for another machine is missing
--   JB403  the team is not the caller's, or there is no key to seal with
--   JB404  the company has no such team, or the team no such schedule, machine or queue
--   JB409  its machine was deleted, and no other is named
--   JB421  the vault was sealed for another machine
-- Rules:
--   The requesting user must be a member of the specified team.
--   Items that were made before keep the job, the place and the limits that they have.
--   A new timing begins now: what was missed under the old one is forgotten.
--   If the user in whose name it makes items is gone, the caller takes his place.
#variable_conflict use_column
declare
    v_caller       auth.caller := auth.enter_call();
    v_now          timestamptz := data.clock();
    v_team         data.team := auth.require_team(v_caller, p_team_name);
    v_limits       data.company_limits := queue.pass_gate(v_caller.company_id);   -- before the schedule is locked
    v_schedule     data.schedule := queue.lock_schedule(v_caller, v_team, p_schedule_name);
    v_after        data.schedule := v_schedule;
    v_machine_name text;
    v_hindrance    text;
    v_stored       data.vault_record;
    v_order        data.item_order;
    v_new          data.new_item;
begin
    perform queue.require_timing(
        coalesce(p_cron, case when p_every_seconds is null then v_schedule.cron end),
        coalesce(p_every_seconds, case when p_cron is null then v_schedule.every_seconds end),
        coalesce(p_time_zone, v_schedule.time_zone));

    select machine.machine_name
    into v_machine_name
    from data.machine as machine
    where machine.company_id = v_schedule.company_id
      and machine.machine_id = v_schedule.machine_id;
    v_hindrance := queue.schedule_hindrance(v_schedule);
    if v_hindrance is not null and p_machine_name is null then
        raise exception using errcode = 'JB409', message = format('%s: name another one', v_hindrance);
    elsif lower(p_machine_name) <> coalesce(lower(v_machine_name), '') and p_queue_vault is null then
        raise exception using errcode = 'JB400', message = format(
            'queueVault is missing: the job has to be sealed for machine %s', left(p_machine_name, 100));
    end if;

    select stored.*
    into v_stored
    from data.vault_record as stored
    where stored.company_id = v_schedule.company_id
      and stored.vault_record_id = v_schedule.vault_record_id;
    v_order.machine_name := coalesce(p_machine_name, v_machine_name);
    v_order.queue_name := coalesce(p_queue_name, (
        select policy.queue_name
        from data.queue_policy as policy
        where policy.company_id = v_schedule.company_id
          and policy.policy_id = v_schedule.policy_id));
    v_order.labels := coalesce(p_labels, case when v_order.machine_name is null then v_schedule.labels end);
    v_order.queue_vault := case when p_queue_vault is null then data.vault_of(v_stored) else p_queue_vault end;
    v_order.priority := coalesce(p_priority, data.priority_level_of(v_schedule.priority, v_caller.plan));
    v_order.retries := coalesce(p_retries, v_schedule.retries);
    v_order.max_attempts := coalesce(p_max_attempts, greatest(v_schedule.max_attempts, p_retries + 1));
    v_order.timeout_seconds := coalesce(p_timeout_seconds, v_schedule.timeout_seconds);
    v_order.backoff := coalesce(p_backoff, v_schedule.backoff);
    v_order.expires_after_seconds := coalesce(p_expires_after_seconds, v_schedule.expires_after_seconds);
    v_order.metadata := coalesce(p_metadata, v_schedule.metadata);
    v_new := queue.resolve_order(v_caller, v_team, v_order, v_now);
    if (p_queue_vault).owner_id is not null then
        perform auth.require_vault(
            p_queue_vault, p_queue_vault.scope_kind, p_queue_vault.scope_id, v_schedule.schedule_uuid, 0, 'request');
        v_after.vault_record_id := data.store_vault(v_caller.company_id, p_queue_vault, v_now, v_stored.version + 1);
    end if;

    v_after.cron := coalesce(p_cron, case when p_every_seconds is null then v_schedule.cron end);
    v_after.every_seconds := coalesce(p_every_seconds, case when p_cron is null then v_schedule.every_seconds end);
    v_after.time_zone := coalesce(p_time_zone, v_schedule.time_zone);
    v_after.enabled := coalesce(p_enabled, v_schedule.enabled);
    if v_schedule.next_time is null
       or (v_after.cron, v_after.every_seconds) is distinct from (v_schedule.cron, v_schedule.every_seconds)
       or v_after.cron is not null and v_after.time_zone <> v_schedule.time_zone then
        v_after.next_time := queue.first_tick(
            v_after.cron, v_after.every_seconds, v_after.time_zone, p_schedule_material, v_now);
    end if;

    update data.schedule as schedule
    set cron = v_after.cron,
        every_seconds = v_after.every_seconds,
        time_zone = v_after.time_zone,
        missed = coalesce(p_missed, v_schedule.missed),
        overlap = coalesce(p_overlap, v_schedule.overlap),
        enabled = v_after.enabled,
        next_time = v_after.next_time,
        problem = case when not v_after.enabled then v_schedule.problem end,
        policy_id = v_new.policy_id,
        machine_id = v_new.machine_id,
        labels = v_new.labels,
        priority = v_new.priority,
        max_attempts = v_new.max_attempts,
        retries = v_new.retries,
        timeout_seconds = v_new.timeout_seconds,
        backoff = v_new.backoff,
        expires_after_seconds = v_order.expires_after_seconds,
        metadata = v_new.metadata,
        vault_record_id = v_after.vault_record_id,
        created_by = case when queue.has_maker(v_schedule) then v_schedule.created_by else v_caller.user_id end,
        revision = v_schedule.revision + 1
    where schedule.company_id = v_schedule.company_id
      and schedule.schedule_id = v_schedule.schedule_id;
    if (p_queue_vault).owner_id is not null then
        perform queue.leave_vault(v_schedule);
    end if;
    perform auth.audit(v_caller, v_now, 'Updated', 'Schedule', v_schedule.schedule_uuid, v_schedule.schedule_name,
        format('in team %s, %s, %s', v_team.team_name,
            queue.timing_in_words(v_after.cron, v_after.every_seconds, v_after.time_zone),
            case when v_after.enabled then 'enabled' else 'disabled' end));

    return query
    select v_schedule.schedule_name::text, v_team.team_name::text, v_after.enabled,
           case when v_after.enabled then v_after.next_time end,
           v_stored.version + case when p_queue_vault is null then 0 else 1 end;
end;
$$;
