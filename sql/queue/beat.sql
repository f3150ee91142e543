create or replace function queue.beat(
    p_caller    auth.caller,
    p_beat      data.heartbeat,
    p_team_name text,
    p_now       timestamptz)
returns data.heartbeat_answer
language plpgsql volatile set search_path = ''
as $$
-- One heartbeat of one item.
--
-- Returns:
--   whether the claim still holds; if not, message says why and nothing was changed
-- Errors:
--   JB400, JB403, JB404  as auth.require_item
--   JB400                as queue.require_metrics
declare
    v_before data.queue_item;
    v_item  data.queue_item := auth.require_item(p_caller, p_beat.queue_id, p_beat.task_id, p_team_name);
    v_judged record;
    v_due   boolean := v_item.last_heartbeat_time is null
        or date_trunc('minute', v_item.last_heartbeat_time) <> date_trunc('minute', p_now);
begin
    if p_beat.metrics is not null then
        perform queue.require_metrics(p_beat.metrics);
    end if;
    v_judged := queue.judge_claim(p_caller, v_item, p_beat.claim_token);
    if v_judged.verdict <> 'good' then
        return row(v_item.task_id, v_item.queue_id, false, null, false, queue.explain_refusal(v_item, v_judged.verdict), null)
            ::data.heartbeat_answer;
    end if;

    v_before := v_item;
    v_due := v_due or (v_judged.claim).sign_time is null;
    v_item := queue.show_sign_of_life(p_caller, v_item, v_judged.claim, p_now, p_beat.lease_seconds, p_beat.progress,
        p_beat.metrics);

    -- One event a minute says as much as six, and a day-long job does not fill the trace.
    if v_due then
        perform data.record_event(v_item, 'HEARTBEAT', p_caller.actor, p_now, case
            when v_item.progress is not null then format('%s %% done', round((100 * v_item.progress)::numeric, 1)) end);
    end if;
    return row(v_item.task_id, v_item.queue_id, true, v_item.lease_until, v_item.status = 'CANCELLING', null,
        case when (v_before.status, v_before.progress, v_before.metrics)
                is distinct from (v_item.status, v_item.progress, v_item.metrics)
            then array[queue.item_key(v_item.company_id, v_item.queue_id)] end)::data.heartbeat_answer;
end;
$$;
