create or replace function queue.retry_item(
    p_caller   auth.caller,
    p_original data.queue_item,
    p_vault    data.vault,
    p_now      timestamptz)
returns data.queue_item
language plpgsql volatile set search_path = ''
as $$
-- Queue a finished item again, as a new item of the same place, at once.
--
-- Arguments:
--   original  locked
--   vault     the job for this time; null: the original's, to which the new item refers
-- Returns:
--   the new item
-- Errors:
--   JB409  as queue.retry_hindrance: it is neither FAILED nor CANCELLED, or its machine or its queue was deleted
--   JB421  the vault was sealed for something else
-- Rules:
--   A retry through any surface resolves the dead letter of the original, also one that was discarded.
declare
    v_hindrance text := queue.retry_hindrance(p_original);
    v_scope     record := queue.scope_of(p_original);
    v_new       data.new_item;
    v_items     data.queue_item[];
begin
    if v_hindrance is not null then
        raise exception using errcode = 'JB409', message = v_hindrance;
    end if;

    if (p_vault).owner_id is not null then
        perform auth.require_vault(p_vault, v_scope.scope_kind, v_scope.scope_id, p_vault.owner_id, 0, 'request');
        v_new.vault := p_vault;
    else
        v_new.request_vault_id := p_original.request_vault_id;
        v_new.vault_queue_id := coalesce(p_original.vault_queue_id, p_original.queue_id);
        v_new.schedule_id := p_original.schedule_id;
    end if;
    v_new.task_id := coalesce((p_vault).owner_id, data.uuid_v7());
    v_new.team_id := p_original.team_id;
    v_new.policy_id := p_original.policy_id;
    -- A pool's item goes back to the pool, whoever had it.
    v_new.machine_id := case when not p_original.pooled then p_original.machine_id end;
    v_new.labels := p_original.labels;
    v_new.priority := p_original.priority;
    v_new.max_attempts := p_original.max_attempts;
    v_new.retries := p_original.retries;
    v_new.timeout_seconds := p_original.timeout_seconds;
    v_new.backoff := p_original.backoff;
    v_new.metadata := p_original.metadata;
    v_new.original_queue_id := p_original.queue_id;
    v_new.flow_id := p_original.flow_id;
    v_new.flow_task := p_original.flow_task;

    v_items := queue.add_items(p_caller, array[v_new], p_now, format('retry of queue item %s', p_original.queue_id));
    perform data.record_event(p_original, 'RETRIED', p_caller.actor, p_now,
        format('as queue item %s, task %s', v_items[1].queue_id, v_items[1].task_id));

    update data.dead_letter as letter
    set status = 'RESOLVED',
        settled_time = p_now,
        settled_by = p_caller.actor
    where letter.company_id = p_original.company_id
      and letter.queue_id = p_original.queue_id
      and letter.status <> 'RESOLVED';
    return v_items[1];
end;
$$;
