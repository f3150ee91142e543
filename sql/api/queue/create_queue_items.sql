create or replace function api.create_queue_items(
    p_team_name       text,
    p_items           data.batch_item[],
    p_idempotency_key data.idempotency_key default null)
returns table (
    queue_id     bigint,
    task_id      uuid,
    name         data.entity_name,
    machine_name text,
    queue_name   text,
    status       data.queue_status,
    priority     data.priority_level,
    wake         data.wake)
language plpgsql volatile security definer set search_path = ''
as $$
-- Queue up to 1,000 jobs in one call: all of them, or none.
--
-- Callers: users
-- Seals: items.queueVault request new_item
-- Arguments:
--   teamName  a team of the caller
--   items     1 to 1,000 objects with the members of CreateQueueItem, and name: by which others can depend on it, unique in the
--             batch; dependsOn: names of the batch, or taskIds of items of the team; runAnyway: also when one of them fails
-- Returns:
--   1: a row per item, in the order in which they were given
-- Errors:
--   JB400  not 1 to 1,000 items; a name or taskId given twice; items that depend on themselves or each other; or whatever
--          CreateQueueItem refuses
--   JB403  the team is not the caller's, or there is no key to seal with
--   JB404  the company has no such team, or the team no such machine, queue or needed item
--   JB409  a taskId is taken; a needed item is FAILED or CANCELLED; the Idempotency-Key was used with another body
--   JB421  a vault was sealed for another machine
-- Rules:
--   The requesting user must be a member of the specified team.
--   Errors name the item by its place and name.
--   An item runs when all that it depends on is COMPLETED; when one of these fails, is cancelled or deleted, it fails too.
--   The same Idempotency-Key and body again: the same items.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_team   data.team := auth.require_team(v_caller, p_team_name);
    v_batch  record;
begin
    v_batch := queue.add_batch(v_caller, v_team, p_items, null, p_idempotency_key, v_now);

    return query
    select its.queue_id, its.task_id, p_items[made.place].name, its.machine_name, its.queue_name, its.status,
           data.priority_level_of(its.priority, v_caller.plan)::data.priority_level,
           (its.wake || case when made.place = 1 then v_batch.wake end)::data.wake
    from unnest(v_batch.queue_ids) with ordinality as made (queue_id, place)
    -- Item by item: as plain joins, planned on few rows, these read every item of the company.
    cross join lateral (
        select item.queue_id, item.task_id, item.status, item.priority, queue.wake_of(item) as wake,
               coalesce(machine.machine_name, machine.removed_name)::text as machine_name, policy.queue_name::text as queue_name
        from data.queue_item as item
        join data.queue_policy as policy on policy.company_id = item.company_id and policy.policy_id = item.policy_id
        left join data.machine as machine on machine.company_id = item.company_id and machine.machine_id = item.machine_id
        where item.company_id = v_caller.company_id
          and item.queue_id = made.queue_id
        offset 0) as its
    order by made.place;
end;
$$;
