create or replace function api.retry_failed_queue_item(
    p_original_queue_id bigint default null,
    p_task_id           uuid default null,
    p_team_name         text default null,
    p_modified_vault    data.vault default null)
returns table (
    new_queue_id      bigint,
    "time"            timestamptz,
    machine_name      text,
    original_queue_id bigint,
    queue_id          bigint,
    task_id           uuid,
    new_retry_count   integer,
    result            text,
    wake              data.wake)
language plpgsql volatile security definer set search_path = ''
as $$
-- Queue a failed or cancelled item again, as a new item.
--
-- Callers: users
-- Seals: modifiedVault request retry
-- Arguments:
--   originalQueueId  the item to try again, or
--   taskId           the same by its other name
--   teamName         if given, must be the item's team
--   modifiedVault    the job for this time, JSON text; left out: the original's
-- Returns:
--   1: the new item, one row; newRetryCount: how often the original has been retried now
-- Errors:
--   JB400  neither queueId nor taskId is given
--   JB403  the team named is not the caller's, or there is no key to seal with
--   JB404  the company has no such item, it is not of that team, or not the caller's
--   JB409  the item is neither FAILED nor CANCELLED, or its machine was deleted
--   JB421  the vault was sealed for another machine
-- Rules:
--   The requesting user must be a member of the specified team.
--   The original queue item must exist and be in a failed or cancelled state.
--   If modifiedVault is null, the original vault content is used: the new item refers to it, so no key is needed.
--   The new queue item inherits the machine assignment from the original.
--   Priority is preserved if applicable.
#variable_conflict use_column
declare
    v_caller   auth.caller := auth.enter_call();
    v_now      timestamptz := data.clock();
    v_original data.queue_item := auth.require_item(v_caller, p_original_queue_id, p_task_id, p_team_name);
    v_machine  data.machine;
    v_item     data.queue_item;
begin
    if v_original.status not in ('FAILED', 'CANCELLED') then
        raise exception using errcode = 'JB409', message = format(
            'queue item %s is %s: only a FAILED or CANCELLED one can be retried', v_original.queue_id, v_original.status);
    end if;

    select machine.*
    into v_machine
    from data.machine as machine
    where machine.company_id = v_original.company_id
      and machine.machine_id = v_original.machine_id;

    if p_modified_vault is not null then
        perform auth.require_vault(p_modified_vault, 'machine', v_machine.machine_uuid, (p_modified_vault).owner_id, 0, 'request');
    end if;

    insert into data.queue_item (
        company_id, task_id, team_id, machine_id, priority, max_attempts, timeout_seconds, metadata, request_vault_id,
        vault_queue_id, original_queue_id, created_by, created_time, ready_time)
    select v_original.company_id, coalesce((p_modified_vault).owner_id, data.uuid_v7()), v_original.team_id,
           v_original.machine_id, v_original.priority, v_original.max_attempts, v_original.timeout_seconds, v_original.metadata,
           case when p_modified_vault is null then v_original.request_vault_id
                else data.store_vault(v_original.company_id, p_modified_vault, v_now) end,
           case when p_modified_vault is null then coalesce(v_original.vault_queue_id, v_original.queue_id) end,
           v_original.queue_id, v_caller.user_id, v_now, v_now
    from data.machine as machine
    where machine.company_id = v_original.company_id
      and machine.machine_id = v_original.machine_id
      and machine.removed_time is null
    for key share                                        -- as the foreign key does: nobody removes it meanwhile
    returning * into v_item;
    if not found then
        raise exception using errcode = 'JB409', message = format(
            'queue item %s was for machine %s, which was deleted: queue its job for another one',
            v_original.queue_id, coalesce(v_machine.removed_name, v_machine.machine_name));
    end if;

    perform data.record_event(v_item, 'CREATED', v_caller.actor, v_now, format('retry of queue item %s', v_original.queue_id));
    perform data.record_event(v_original, 'RETRIED', v_caller.actor, v_now,
        format('as queue item %s, task %s', v_item.queue_id, v_item.task_id));

    return query
    select v_item.queue_id, v_item.created_time, v_machine.machine_name::text, v_original.queue_id, v_item.queue_id, v_item.task_id,
           (select count(*)::integer
            from data.queue_item as retry
            where retry.company_id = v_original.company_id
              and retry.original_queue_id = v_original.queue_id), 'queued again',
           array['machine:' || v_machine.machine_id]::data.wake;
end;
$$;
