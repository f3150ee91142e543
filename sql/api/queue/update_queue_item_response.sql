create or replace function api.update_queue_item_response(
    p_response_vault data.vault,
    p_queue_id       bigint default null,
    p_task_id        uuid default null,
    p_team_name      text default null,
    p_vault_version  integer default null,
    p_claim_token    data.claim_token default null,
    p_overwrite      boolean default false,
    p_require_bridge boolean default false,
    out response     data.response_answer[])
language plpgsql volatile security definer set search_path = ''
as $$
-- Add a response to a queue item, or update the one it has.
--
-- Callers: users, agents
-- Seals: responseVault response item
-- Arguments:
--   responseVault  the result so far, JSON text
--   queueId        the item, or
--   taskId         the same by its other name
--   teamName       if given, must be the item's team
--   vaultVersion   left out: the item must have no response yet; given: the version that this one replaces
--   claimToken     from the claim; who shows it needs no version, he is the only writer
--   overwrite      true: without vaultVersion, replace whatever response there is
--   requireBridge  true: only an agent, or a session made for a bridge, may respond
-- Returns:
--   1: the item and the version that its response now has
-- Errors:
--   JB400  neither queueId nor taskId is given
--   JB403  the team named is not the caller's, or requireBridge and neither an agent nor a session made for a bridge calls
--   JB404  the company has no such item, or it is not the caller's
--   JB409  there is a response already, or none yet, or its version is another; the item is finished; the claim is late,
--          or its token missing or wrong
--   JB421  the vault was sealed for another item or attempt
-- Rules:
--   The requesting user must be a member of the specified team.
--   The queue item must not already have a response (without vaultVersion or overwrite).
--   The vault version must match the current version to prevent conflicts from concurrent updates.
--   After successful update, the vault version is incremented.
--   Who responds to a PENDING item becomes its claimant.
declare
    v_caller  auth.caller := auth.enter_call();
    v_now     timestamptz := data.clock();
    v_item    data.queue_item;
    v_judged  record;
    v_claim   data.claim;
    v_wake    data.wake;
    v_current integer;
    v_kept    record;
begin
    if p_require_bridge then
        perform auth.require_bridge_session(v_caller);
    end if;
    v_item := auth.require_item(v_caller, p_queue_id, p_task_id, p_team_name);

    v_wake := case when v_item.status in ('PENDING', 'ASSIGNED') then
        array[queue.item_key(v_item.company_id, v_item.queue_id)] end;
    v_judged := queue.judge_claim(v_caller, v_item, p_claim_token);
    v_claim := v_judged.claim;
    if v_judged.verdict <> 'good' then
        if v_item.status <> 'PENDING' or p_claim_token is not null or v_caller.user_id is null then
            raise exception using errcode = 'JB409', message = queue.explain_refusal(v_item, v_judged.verdict);
        end if;
        v_claim := queue.claim_by_response(v_caller, v_item, v_now);
    end if;

    v_item := queue.show_sign_of_life(v_caller, v_item, v_claim, v_now, null, null, null);

    select stored.version
    into v_current
    from data.vault_record as stored
    where stored.company_id = v_item.company_id
      and stored.vault_record_id = v_item.response_vault_id;
    if p_vault_version is null then
        if v_current is not null and p_claim_token is null and not p_overwrite then
            raise exception using errcode = 'JB409', message = format(
                'queue item %s has a response already, version %s: send vaultVersion to update it', v_item.queue_id, v_current);
        end if;
    elsif v_current is null then
        raise exception using errcode = 'JB409', message = format(
            'queue item %s has no response yet: leave vaultVersion out to add one', v_item.queue_id);
    elsif v_current <> p_vault_version then
        raise exception using errcode = 'JB409', message = format(
            'the response of queue item %s has version %s, not %s', v_item.queue_id, v_current, p_vault_version);
    end if;

    v_kept := queue.answer(v_item, v_claim, p_response_vault, v_now);
    update data.queue_item as item
    set response_vault_id = v_kept.vault_record_id
    where item.company_id = v_item.company_id
      and item.queue_id = v_item.queue_id
      and item.response_vault_id is distinct from v_kept.vault_record_id;
    perform data.record_event(v_item, 'RESPONSE', v_caller.actor, v_now, format('version %s', v_kept.version));

    response := array(
        select row(v_item.queue_id, v_item.task_id, v_now, its.machine_name, v_kept.version,
                   case when v_kept.version = 1 then 'response added' else 'response updated' end, v_wake)::data.response_answer
        from queue.places_of(v_item) as its);
end;
$$;
