create or replace function keyring.vault_target(p_target text, p_arguments jsonb)
returns data.vault_target
language plpgsql volatile security definer set search_path = ''
as $$
-- What a vault has to be sealed for, before the call that brings it.
--
-- Arguments:
--   target     the third word of the procedure's line `Seals:`
--   arguments  the call's members by their JSON names; claimToken as the hex of its digest
-- Returns:
--   scope and owner; owner_id null: a new one, the broker makes it
-- Errors:
--   whatever the procedure itself would raise for these arguments
declare
    v_caller   auth.caller := auth.identify_settled();
    v_machine  data.machine;
    v_team     data.team;
    v_item     data.queue_item;
    v_schedule data.schedule;
    v_scope    record;
    v_judged   record;
    v_target   data.vault_target;
begin
    if v_caller.company_id is null then
        raise exception using errcode = 'JB401',
            message = 'Authentication required: no valid token was sent in the header Rediacc-RequestToken';
    end if;

    if v_caller.user_id is null and p_target <> 'item' then
        -- Before anything is looked up: an agent must not learn from this which teams there are.
        raise exception using errcode = 'JB403', message = format('%s may seal responses only', v_caller.actor);
    end if;

    if p_target in ('new_item', 'new_schedule', 'schedule') then
        -- One for the pool of a team, or for a machine.
        v_team := auth.require_team(v_caller, p_arguments ->> 'teamName');
        v_target := row('team', v_team.team_uuid, 'queue_item', null, 0);
        if p_arguments ->> 'machineName' is not null then
            v_machine := auth.require_machine(v_caller, p_arguments ->> 'machineName', p_arguments ->> 'teamName');
            v_target := row('machine', v_machine.machine_uuid, 'queue_item', null, 0);
        end if;
        if p_target <> 'new_item' then
            v_target.owner_kind := 'schedule';
        end if;
        if p_target = 'schedule' then
            -- Its place stays, unless the call names another machine.
            v_schedule := queue.require_schedule(v_caller, v_team, p_arguments ->> 'scheduleName');
            v_target.owner_id := v_schedule.schedule_uuid;
            select 'machine', machine.machine_uuid
            into v_target.scope_kind, v_target.scope_id
            from data.machine as machine
            where machine.company_id = v_schedule.company_id
              and machine.machine_id = coalesce(v_machine.machine_id, v_schedule.machine_id);
            if not found then
                v_target.scope_kind := 'team';
                v_target.scope_id := v_team.team_uuid;
            end if;
        end if;
    elsif p_target in ('item', 'retry') then
        v_item := auth.see_item(v_caller,
            coalesce(p_arguments ->> 'originalQueueId', p_arguments ->> 'queueId')::bigint,
            (p_arguments ->> 'taskId')::uuid, p_arguments ->> 'teamName');
        v_scope := queue.scope_of(v_item);
        if p_target = 'retry' then
            v_target := row(v_scope.scope_kind, v_scope.scope_id, 'queue_item', null, 0);
        else
            v_judged := queue.judge_claim(v_caller, v_item, (p_arguments ->> 'claimToken')::bytea);
            v_target := row(v_scope.scope_kind, v_scope.scope_id, 'queue_item', v_item.task_id,
                case when v_item.status = 'PENDING' and p_arguments ->> 'claimToken' is null
                     then v_item.attempt + 1                        -- who answers it becomes its claimant
                     else coalesce((v_judged.claim).attempt, v_item.attempt) end);
        end if;
    else
        v_target := auth.entity_target(v_caller, p_target, p_arguments);
    end if;
    return v_target;
end;
$$;
