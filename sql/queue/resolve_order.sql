create or replace function queue.resolve_order(
    p_caller auth.caller,
    p_team   data.team,
    p_order  data.item_order,
    p_now    timestamptz)
returns data.new_item
language plpgsql stable set search_path = ''
as $$
-- Check an order for a new item of a team of the caller, and find what it names.
--
-- Returns:
--   the item, with the queue's policy where the order says nothing; its needs are still to be found
-- Errors:
--   JB400  neither machine nor queue is named, labels without a pool, or a member is out of its bounds
--   JB404  the team has no such machine or queue
--   JB421  the vault was sealed for something else
-- Rules:
--   The policy's retries and timeout are taken over now: what is changed later holds for later items. Its backoff is looked up
--   when it is needed.
--   maxAttempts bounds all attempts, lost ones too: 3, or one more than the retries.
declare
    v_machine data.machine;
    v_policy  data.queue_policy;
    v_item    data.new_item;
begin
    if p_order.machine_name is not null then
        select machine.*
        into v_machine
        from data.machine as machine
        where machine.company_id = p_caller.company_id
          and lower(machine.machine_name) = lower(p_order.machine_name);
        if not found or v_machine.team_id <> p_team.team_id then
            raise exception using errcode = 'JB404',
                message = format('machine %s not found in team %s', left(p_order.machine_name, 100), p_team.team_name);
        elsif p_order.labels is not null then
            raise exception using errcode = 'JB400',
                message = 'machineName and labels are both given: labels choose a machine of the pool';
        end if;
    elsif p_order.queue_name is null then
        raise exception using errcode = 'JB400',
            message = 'machineName or queueName is missing: name the machine, or the queue whose pool shall take the item';
    elsif p_order.labels is not null then
        perform queue.require_labels(p_order.labels);
    end if;
    if p_order.metadata is not null then
        perform queue.require_metadata(p_order.metadata);
    end if;
    if p_order.backoff is not null then
        perform queue.require_backoff(p_order.backoff);
    end if;
    if p_order.max_attempts <= p_order.retries then
        raise exception using errcode = 'JB400', message = format(
            'maxAttempts is %s: %s retries need at least %s', p_order.max_attempts, p_order.retries, p_order.retries + 1);
    elsif p_order.not_before > p_now + interval '10 years' then
        raise exception using errcode = 'JB400', message = 'notBefore is more than ten years ahead';
    end if;

    v_policy := queue.require_policy(p_caller, p_team.team_id, p_order.queue_name);
    v_item.task_id := coalesce(p_order.task_id, (p_order.queue_vault).owner_id);
    v_item.team_id := p_team.team_id;
    v_item.policy_id := v_policy.policy_id;
    v_item.machine_id := v_machine.machine_id;
    v_item.labels := p_order.labels;
    v_item.priority := data.priority_of_level(p_order.priority, p_caller.plan);
    v_item.retries := coalesce(p_order.retries, least(v_policy.max_retries, p_order.max_attempts - 1), v_policy.max_retries);
    v_item.max_attempts := coalesce(p_order.max_attempts, greatest(3, v_item.retries + 1));
    v_item.timeout_seconds := coalesce(p_order.timeout_seconds, v_policy.timeout_seconds);
    v_item.backoff := p_order.backoff;
    v_item.ready_time := greatest(p_order.not_before, p_now);
    v_item.expires_time := v_item.ready_time + make_interval(secs => p_order.expires_after_seconds);
    v_item.metadata := p_order.metadata;
    v_item.run_anyway := p_order.run_anyway;
    v_item.vault := p_order.queue_vault;

    if v_machine.machine_id is null then
        perform auth.require_vault(p_order.queue_vault, 'team', p_team.team_uuid, v_item.task_id, 0, 'request');
    else
        perform auth.require_vault(p_order.queue_vault, 'machine', v_machine.machine_uuid, v_item.task_id, 0, 'request');
    end if;
    return v_item;
end;
$$;
