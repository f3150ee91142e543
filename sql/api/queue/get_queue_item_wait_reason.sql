create or replace function api.get_queue_item_wait_reason(
    p_queue_id      bigint default null,
    p_task_id       uuid default null,
    p_team_name     text default null,
    out reasons     data.wait_reason[],
    out queue_id    bigint,
    out task_id     uuid,
    out status      data.queue_status,
    out holder      text,
    out since       timestamptz,
    out last_sign   timestamptz,
    out lease_until timestamptz)
language plpgsql volatile security definer set search_path = ''
as $$
-- Why a queue item is still waiting: every cause at once, in words and as codes; of one in hands: who holds it.
--
-- Callers: users, agents
-- Arguments:
--   queueId   the item, or
--   taskId    the same by its other name
--   teamName  if given, must be the item's team
-- Returns:
--   1: the causes, the most decisive first; no row for an item that is not PENDING
--   queueId: of the item
--   taskId: its other name
--   status: its state now
--   holder: of an item in hands, who claimed it
--   since: when it was claimed; of a PENDING item, since when it could be taken, as GetQueueStatistics counts; before that time,
--          when it was made
--   lastSign: the last sign of life of its holder
--   leaseUntil: when the claim ends without another one
-- Errors:
--   JB400  neither queueId nor taskId is given
--   JB403  the team named is not the caller's
--   JB404  the company has no such item, it is not of that team, or not the caller's
-- Rules:
--   The requesting user must be a member of the specified team.
--   Each cause named keeps the item from being started; when all are gone, the next claim takes it. BEHIND at place 1: it is next.
--   MACHINE_NEVER_SEEN, MACHINE_SILENT and MACHINE_BUSY say why nobody asks: an agent that asked all the same would get it.
--   Of a pool's item the causes of its machines are named when none of them can take it, machine by machine.
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_item   data.queue_item := auth.see_item(v_caller, p_queue_id, p_task_id, p_team_name);
begin
    reasons := queue.wait_reasons(v_item, v_now);
    queue_id := v_item.queue_id;
    task_id := v_item.task_id;
    status := v_item.status;
    if v_item.status = 'PENDING' then
        since := case when v_item.ready_time <= v_now then v_item.ready_time else v_item.created_time end;
    elsif v_item.finished_time is null then
        holder := (
            select claim.actor
            from data.claim as claim
            where claim.company_id = v_item.company_id
              and claim.queue_id = v_item.queue_id
              and claim.claim_number = v_item.claim_number);
        since := v_item.assigned_time;
        last_sign := v_item.last_heartbeat_time;
        lease_until := v_item.lease_until;
    end if;
end;
$$;
