create or replace function api.create_flow(
    p_team_name       text,
    p_queue_name      text,
    p_items           data.batch_item[],
    p_idempotency_key data.idempotency_key default null,
    out flows         data.listed_flow[],
    out tasks         data.flow_task[],
    out wake          data.wake)
language plpgsql volatile security definer set search_path = ''
as $$
-- Queue up to 1,000 jobs that depend on each other as one flow: all of them, or none.
--
-- Callers: users
-- Seals: items.queueVault request new_item
-- Arguments:
--   teamName   a team of the caller
--   queueName  a queue of that team, for all of them
--   items      1 to 1,000 objects as in CreateQueueItems; each has a name, its task's in the flow, and no queueName
-- Returns:
--   1: the flow, one row
--   2: its tasks, in the order in which they were given
-- Errors:
--   JB400  a name is missing, a queueName is given; or whatever CreateQueueItems refuses
--   JB403  the team is not the caller's, or there is no key to seal with
--   JB404  the company has no such team, or the team no such machine, queue or needed item
--   JB409  a taskId is taken; a needed item is FAILED or CANCELLED; the Idempotency-Key was used with another body
--   JB421  a vault was sealed for another machine
-- Rules:
--   The requesting user must be a member of the specified team.
--   Its items are items like others: seen, cancelled and retried by themselves as well. A retry takes the place of what it
--   retries.
--   The same Idempotency-Key and body again: the same flow.
declare
    v_caller  auth.caller := auth.enter_call();
    v_now     timestamptz := data.clock();
    v_team    data.team := auth.require_team(v_caller, p_team_name);
    v_policy  data.queue_policy := queue.require_policy(v_caller, v_team.team_id, p_queue_name);
    v_wrong   text;
    v_names   jsonb;
    v_batch   record;
    v_flow_id uuid;
    v_shown   record;
begin
    v_wrong := (
        select queue.batch_place(given.ordinality, given.name) || case
            when given.name is null then ': name is missing: the tasks of a flow have names'
            else ': queueName is given: a task is in the queue of its flow' end
        from unnest(p_items) with ordinality as given
        where given.name is null
           or given.queue_name is not null
        order by given.ordinality
        limit 1);
    if v_wrong is not null then
        raise exception using errcode = 'JB400', message = v_wrong;
    end if;

    v_names := queue.batch_names(p_items);
    p_items := array(
        select row(given.name, given.machine_name, v_policy.queue_name, given.labels, given.queue_vault, given.priority,
                   given.max_attempts, given.retries, given.timeout_seconds, given.backoff, given.not_before,
                   given.expires_after_seconds, given.metadata, given.task_id, given.depends_on,
                   given.run_anyway)::data.batch_item
        from unnest(p_items) with ordinality as given
        order by given.ordinality);
    v_batch := queue.add_batch(v_caller, v_team, p_items, data.uuid_v7(), p_idempotency_key, v_now);
    select item.flow_id
    into v_flow_id
    from data.queue_item as item
    where item.company_id = v_caller.company_id
      and item.queue_id = v_batch.queue_ids[1];

    v_shown := queue.show_flow(v_caller.company_id, v_team.team_id, v_flow_id);
    flows := array[v_shown.flow];
    tasks := array(
        select task
        from unnest(v_shown.tasks) as task
        order by (v_names -> task.name)::integer);
    -- Its own items are found as what it needs is.
    wake := queue.keys_of_needs(v_caller.company_id, v_batch.queue_ids) || v_batch.wake;
end;
$$;
