create or replace function queue.add_scheduled_item(
    p_caller    auth.caller,
    p_schedule  data.schedule,
    p_tick_time timestamptz,
    p_now       timestamptz,
    p_details   text)
returns data.queue_item
language plpgsql volatile set search_path = ''
as $$
-- Make an item of a schedule, which refers to the schedule's vault: no key is needed.
--
-- Arguments:
--   schedule   locked
--   tick_time  null: it stands for no tick
-- Errors:
--   JB404  its queue or its machine was deleted meanwhile
declare
    v_new   data.new_item;
    v_items data.queue_item[];
begin
    v_new.task_id := data.uuid_v7();
    v_new.team_id := p_schedule.team_id;
    v_new.policy_id := p_schedule.policy_id;
    v_new.machine_id := p_schedule.machine_id;
    v_new.labels := p_schedule.labels;
    v_new.priority := p_schedule.priority;
    v_new.max_attempts := p_schedule.max_attempts;
    v_new.retries := p_schedule.retries;
    v_new.timeout_seconds := p_schedule.timeout_seconds;
    v_new.backoff := p_schedule.backoff;
    v_new.ready_time := p_now;
    v_new.expires_time := p_now + make_interval(secs => p_schedule.expires_after_seconds);
    v_new.metadata := p_schedule.metadata;
    v_new.request_vault_id := p_schedule.vault_record_id;
    v_new.schedule_id := p_schedule.schedule_id;
    v_new.tick_time := p_tick_time;
    v_items := queue.add_items(p_caller, array[v_new], p_now, p_details);
    return v_items[1];
end;
$$;
