create or replace function api.update_queue_item_to_completed(
    p_response_vault    data.vault,
    p_completion_status data.completion_status default 'SUCCESS',
    p_queue_id          bigint default null,
    p_task_id           uuid default null,
    p_team_name         text default null,
    p_claim_token       data.claim_token default null,
    p_retryable         boolean default true,
    p_require_bridge    boolean default false,
    out completed       data.completed_item[],
    out refused_status  integer,
    out refused_message text,
    out wake            data.wake)
language plpgsql volatile security definer set search_path = ''
as $$
-- Finish a queue item with its final response.
--
-- Callers: users, agents
-- Seals: responseVault response item
-- Arguments:
--   responseVault     the result, JSON text
--   completionStatus  SUCCESS, PARTIAL, FAILED; CANCELLED confirms a requested cancel
--   queueId           the item, or
--   taskId            the same by its other name
--   teamName          if given, must be the item's team
--   claimToken        from the claim
--   retryable         false: trying again cannot help, so a FAILED item is not retried
--   requireBridge     true: only an agent, or a session made for a bridge, may complete
-- Returns:
--   1: the item after the change, one row; PENDING, without completedTime, when the queue tries it again
-- Errors:
--   JB400  neither queueId nor taskId is given
--   JB403  the team named is not the caller's, or requireBridge and neither an agent nor a session made for a bridge calls
--   JB404  the company has no such item, or it is not the caller's
--   JB409  the item is not ASSIGNED or PROCESSING; the claim is late, or its token missing or wrong; it was completed with
--          another answer
--   JB421  the vault was sealed for another item or attempt
-- Rules:
--   The requesting user must be a member of the specified team.
--   The queue item must exist and be in ASSIGNED or PROCESSING status.
--   FAILED is tried again after the backoff, while retries and attempts are left and retryable is not false.
--   The completion is accepted exactly once; the same completion sent again, before somebody else has claimed the item, gets the
--   same answer and changes nothing.
--   A late worker can change nothing: his answer is kept sealed beside the item, with an event LATE_COMPLETION.
--   Processing duration is automatically calculated from assignment time.
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_item   data.queue_item;
    v_done   record;
    v_keys   text[];
begin
    if p_require_bridge then
        perform auth.require_bridge_session(v_caller);
    end if;
    v_item := auth.require_item(v_caller, p_queue_id, p_task_id, p_team_name);

    v_keys := queue.room_keys(v_item);
    v_done := queue.complete(v_caller, v_item, row(p_task_id, p_queue_id, p_claim_token, p_response_vault, p_completion_status,
        p_retryable)::data.completion, v_now);
    if v_done.refused_status is not null then
        refused_status := v_done.refused_status;
        refused_message := v_done.refused_message;
        return;
    end if;

    v_item := v_done.item;
    wake := v_keys || queue.item_key(v_item.company_id, v_item.queue_id) || case when v_item.has_dependants then
        queue.released_keys(v_item.company_id, array[v_item.queue_id], v_now) end;
    completed := array[row(
        v_item.queue_id, v_item.task_id, v_item.status, v_item.finished_time,
        data.minutes_between(v_item.assigned_time, v_item.finished_time))::data.completed_item];
end;
$$;
