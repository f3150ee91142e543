create or replace function api.create_queue_item(
    p_team_name       text,
    p_machine_name    text,
    p_queue_vault     data.vault,
    p_priority        data.priority_level default null,
    p_max_attempts    data.attempt_limit default 3,
    p_timeout_seconds data.timeout_seconds default null,
    p_metadata        jsonb default null,
    p_task_id         uuid default null,
    p_idempotency_key data.idempotency_key default null)
returns table (
    queue_id     bigint,
    task_id      uuid,
    "time"       timestamptz,
    machine_name text,
    status       data.queue_status,
    priority     data.priority_level,
    bridge_name  text,
    created_by   text,
    wake         data.wake)
language plpgsql volatile security definer set search_path = ''
as $$
-- Queue a job for a machine.
--
-- Callers: users
-- Seals: queueVault request new_item
-- Arguments:
--   teamName        a team of the caller
--   machineName     a machine of that team
--   queueVault      the job, JSON text
--   priority        1 highest to 5 lowest, default 3; plans below PREMIUM ignore it
--   maxAttempts     how many attempts may be lost before the item fails, 1 to 100
--   timeoutSeconds  how long the agent may work on it, 1 second to a year; default: no limit
--   metadata        a JSON object kept in the clear, for the caller's own use
--   taskId          the item's other name, if the caller wants to choose it
-- Returns:
--   1: the new item, one row
-- Errors:
--   JB400  metadata is no object, or too long
--   JB403  the team is not the caller's, or there is no key to seal with
--   JB404  the company has no such team, or the team no such machine
--   JB409  the taskId is taken, or the Idempotency-Key was used with another body
--   JB421  the vault was sealed for another machine
-- Rules:
--   The requesting user must be a member of the specified team.
--   The machine must exist in the specified team.
--   The same Idempotency-Key and body again: the same item.
#variable_conflict use_column
declare
    v_caller   auth.caller := auth.enter_call();
    v_now      timestamptz := data.clock();
    v_machine  data.machine := auth.require_machine(v_caller, p_machine_name, p_team_name);
    v_vault_id bigint;
    v_item     data.queue_item;
begin
    if p_metadata is not null and (jsonb_typeof(p_metadata) <> 'object' or octet_length(p_metadata::text) > 16384) then
        raise exception using errcode = 'JB400', message = 'metadata must be a JSON object of at most 16 KiB';
    end if;

    if p_idempotency_key is not null then
        v_item := queue.find_repeated(v_caller, p_idempotency_key, data.fingerprint_of(p_queue_vault),
            jsonb_build_array(v_machine.machine_id, p_priority, p_max_attempts, p_timeout_seconds, p_metadata, p_task_id), v_now);
    end if;

    if v_item.queue_id is null then
        if p_task_id is not null and exists (
            select from data.queue_item as item
            where item.company_id = v_caller.company_id
              and item.task_id = p_task_id) then
            raise exception using errcode = 'JB409', message = format('taskId %s is taken', p_task_id);
        end if;

        perform auth.require_vault(p_queue_vault, 'machine', v_machine.machine_uuid,
            coalesce(p_task_id, (p_queue_vault).owner_id), 0, 'request');

        v_vault_id := data.store_vault(v_caller.company_id, p_queue_vault, v_now);
        insert into data.queue_item (
            company_id, task_id, team_id, machine_id, priority, max_attempts, timeout_seconds, metadata, request_vault_id,
            created_by, created_time, ready_time)
        select v_caller.company_id, (p_queue_vault).owner_id, v_machine.team_id, v_machine.machine_id,
               data.priority_of_level(p_priority, v_caller.plan), p_max_attempts, p_timeout_seconds, p_metadata,
               v_vault_id, v_caller.user_id, v_now, v_now
        from data.machine as machine
        where machine.company_id = v_caller.company_id
          and machine.machine_id = v_machine.machine_id
          and machine.removed_time is null
        for key share                                    -- as the foreign key does: nobody removes it meanwhile
        returning * into v_item;
        if not found then
            raise exception using errcode = 'JB404',
                message = format('machine %s not found in team %s', left(p_machine_name, 100), left(p_team_name, 100));
        end if;

        -- Not by data.record_event: the detour takes 5 % of a creation.
        insert into data.queue_event (company_id, queue_id, event_time, event, attempt, actor)
        values (v_caller.company_id, v_item.queue_id, v_now, 'CREATED', 0, v_caller.actor);

        if p_idempotency_key is not null then
            update data.idempotency as kept
            set queue_id = v_item.queue_id
            where kept.company_id = v_caller.company_id
              and kept.user_id = v_caller.user_id
              and kept.idempotency_key = p_idempotency_key;
        end if;
    end if;

    return query
    select v_item.queue_id, v_item.task_id, v_item.created_time, v_machine.machine_name::text, v_item.status,
           data.priority_level_of(v_item.priority, v_caller.plan)::data.priority_level,
           (select bridge.bridge_name::text
            from data.bridge as bridge
            where bridge.company_id = v_machine.company_id
              and bridge.bridge_id = v_machine.bridge_id), v_caller.actor,
           array['machine:' || v_machine.machine_id]::data.wake;
end;
$$;
