create or replace function queue.finish_items(
    p_caller auth.caller,
    p_done   data.completion[],
    p_ids    bigint[],
    p_now    timestamptz)
returns integer[]
language plpgsql volatile set search_path = ''
as $$
-- Finish, all at once, those items whose completion needs no judgement: a success under the good and only claim, with no answer
-- before it. What it does to each is what queue.finish does.
--
-- Arguments:
--   ids  of the items, locked; null for those that are not the caller's
-- Returns:
--   the places of those that are finished now
declare
    v_places    integer[];                                    -- what follows stands in this order
    v_ids       bigint[];
    v_numbers   integer[];
    v_statuses  data.completion_status[];
    v_prints    bytea[];
    v_retryable boolean[];
    v_vaults    data.vault[];
    v_vault_ids bigint[];
    v_needed    bigint[];
begin
    select array_agg(its.place), array_agg(its.queue_id), array_agg(its.claim_number), array_agg(its.completion_status),
           array_agg(its.fingerprint), array_agg(its.retryable), array_agg(its.vault),
           array_agg(its.queue_id) filter (where its.has_dependants)
    into v_places, v_ids, v_numbers, v_statuses, v_prints, v_retryable, v_vaults, v_needed
    from (
        select done.ordinality as place, item.queue_id, item.claim_number, item.has_dependants, done.response_vault as vault,
               coalesce(done.completion_status, 'SUCCESS') as completion_status, coalesce(done.retryable, true) as retryable,
               data.fingerprint_of(done.response_vault) as fingerprint, count(*) over (partition by item.queue_id) as uses
        from unnest(p_done) with ordinality as done
        -- Item by item: as plain joins, planned on few rows, these read every claim of the company.
        cross join lateral (
            select live.queue_id, live.status, live.claim_number, live.has_dependants, live.task_id, claim.attempt, claim.claim_hash,
                   -- As queue.scope_of, which as a function costs more than the rest.
                   case when live.pooled then 'team' else 'machine' end::data.scope_kind as scope_kind, case
                       when live.pooled then (
                           select team.team_uuid
                           from data.team as team
                           where team.company_id = live.company_id
                             and team.team_id = live.team_id)
                       else (
                           select machine.machine_uuid
                           from data.machine as machine
                           where machine.company_id = live.company_id
                             and machine.machine_id = live.machine_id)
                   end as scope_id
            from data.queue_item as live
            cross join lateral (
                select last.attempt, last.claim_hash
                from data.claim as last
                where last.company_id = live.company_id
                  and last.queue_id = live.queue_id
                  and last.claim_number = live.claim_number
                  and last.outcome is null
                  and last.response_vault_id is null
                offset 0) as claim
            where live.company_id = p_caller.company_id
              and live.queue_id = p_ids[done.ordinality]
              and live.response_vault_id is null
              and live.attempt = claim.attempt
            offset 0) as item
        -- The status is judged out here: as a condition in there it would allow a whole partial index to be read.
        where item.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING')
          and item.claim_hash = done.claim_token
          and (done.completion_status is null or done.completion_status in ('SUCCESS', 'PARTIAL'))
          and ((done.response_vault).scope_kind, (done.response_vault).scope_id, (done.response_vault).owner_id,
               (done.response_vault).attempt, (done.response_vault).vault_name)
              = (item.scope_kind, item.scope_id, item.task_id, item.attempt, 'response')) as its
    where its.uses = 1;
    if v_ids is null then
        return '{}';
    end if;

    v_vault_ids := data.store_vaults(p_caller.company_id, v_vaults, p_now);

    update data.claim as claim
    set ended_time = p_now,
        outcome = 'COMPLETED',
        sign_time = coalesce(claim.sign_time, p_now),
        answer_status = v_statuses[array_position(v_ids, claim.queue_id)],
        answer_fingerprint = v_prints[array_position(v_ids, claim.queue_id)]
    where claim.company_id = p_caller.company_id
      and claim.queue_id = any(v_ids)
      and claim.claim_number = v_numbers[array_position(v_ids, claim.queue_id)];

    update data.queue_item as item
    set status = 'COMPLETED',
        response_vault_id = v_vault_ids[array_position(v_ids, item.queue_id)],
        started_time = coalesce(item.started_time, item.assigned_time),
        last_heartbeat_time = p_now,
        lease_seconds = null,
        lease_until = null,
        deadline_time = null,
        stale_time = null,
        finished_time = p_now,
        completion_status = v_statuses[array_position(v_ids, item.queue_id)],
        retryable = v_retryable[array_position(v_ids, item.queue_id)]
    where item.company_id = p_caller.company_id
      and item.queue_id = any(v_ids);

    insert into data.queue_event (company_id, queue_id, event_time, event, attempt, actor, details)
    select p_caller.company_id, item.queue_id, p_now, 'COMPLETED', item.attempt, p_caller.actor, item.completion_status::text
    from data.queue_item as item
    where item.company_id = p_caller.company_id
      and item.queue_id = any(v_ids);
    perform queue.tell_webhooks(p_caller.company_id, v_ids, 'COMPLETED', p_now);

    if v_needed is not null then
        perform queue.release_dependants(p_caller.company_id, v_needed, p_now);
    end if;
    return v_places;
end;
$$;
