create or replace function api.update_queue_item_protection(
    p_protection boolean,
    p_queue_id   bigint default null,
    p_task_id    uuid default null,
    p_team_name  text default null,
    out changed  data.changed_protection[])
language plpgsql volatile security definer set search_path = ''
as $$
-- Protect a queue item from being deleted, or end that.
--
-- Callers: users
-- Arguments:
--   protection  whether it is protected from now on
--   queueId     the item, or
--   taskId      the same by its other name
--   teamName    if given, must be the item's team
-- Returns:
--   1: the item after the change, one row
-- Errors:
--   JB400  neither queueId nor taskId is given
--   JB403  the team named is not the caller's
--   JB404  the company has no such item, it is not of that team, or not the caller's
-- Rules:
--   The requesting user must be a member of the specified team.
--   Neither a call nor its queue's retention deletes a protected item. Otherwise it is an item like any other.
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_item   data.queue_item := auth.require_item(v_caller, p_queue_id, p_task_id, p_team_name);
begin
    if v_item.protected <> p_protection then
        perform data.record_event(v_item, 'PROTECTION_CHANGED', v_caller.actor, v_now, case
            when p_protection then 'protected' else 'not protected any more' end);
        update data.queue_item as item
        set protected = p_protection
        where item.company_id = v_item.company_id
          and item.queue_id = v_item.queue_id;
    end if;

    changed := array[row(v_item.queue_id, v_item.task_id, p_protection, case
        when v_item.protected <> p_protection then 'protection changed' else 'protection unchanged' end)
        ::data.changed_protection];
end;
$$;
