create or replace function queue.judge_claim(
    p_caller      auth.caller,
    p_item        data.queue_item,
    p_claim_token bytea,
    out verdict   text,
    out claim     data.claim)
language plpgsql stable set search_path = ''
as $$
-- May this caller still speak for the item? The fence that every heartbeat, response and completion passes.
--
-- Arguments:
--   item         locked by the caller
--   claim_token  its digest, or null: a client that knows none
-- Returns:
--   verdict  'good'; 'late': the claim was replaced, given back, or the item is finished; 'unknown': no claim of the item has this
--            token; 'missing': an agent's claim, and no token was shown; 'agent': an agent showed none; 'none': nobody has claimed the item
--   claim    the claim it is about, with verdict good or late: the caller's own, where he is late without a token
-- Rules:
--   A claim is good until somebody else claims the item, or it is cancelled, deleted, finished or given back (DESIGN 3.2); that the
--   sweep has put the item back changes nothing, unless the machine that had it was deleted since. One that has failed is over,
--   though the item waits for its retry.
--   Who comes back so is counted by limits, and held up by none nor by a pause: he has been working all the time.
--   Without a token, a claim made by a user's session may be spoken for by any member of the team, save by one whose own
--   claim somebody else's has replaced. Agents are no members.
declare
    v_own data.claim;
begin
    if p_claim_token is not null then
        select held.*
        into claim
        from data.claim as held
        where held.company_id = p_item.company_id
          and held.queue_id = p_item.queue_id
          and held.claim_hash = p_claim_token;
        if not found then
            verdict := 'unknown';
            return;
        end if;
    else
        select held.*
        into claim
        from data.claim as held
        where held.company_id = p_item.company_id
          and held.queue_id = p_item.queue_id
          and held.claim_number = p_item.claim_number;
        if not found then
            verdict := 'none';
            return;
        elsif claim.user_id is null then
            verdict := 'missing';
            return;
        elsif p_caller.user_id is null then
            verdict := 'agent';
            return;
        elsif claim.user_id <> p_caller.user_id then
            select earlier.*
            into v_own
            from data.claim as earlier
            where earlier.company_id = p_item.company_id
              and earlier.queue_id = p_item.queue_id
              and earlier.user_id = p_caller.user_id
            order by earlier.claim_number desc
            limit 1;
            if found then
                verdict := 'late';
                claim := v_own;
                return;
            end if;
        end if;
    end if;

    verdict := case
        when claim.claim_number = p_item.claim_number and (
            claim.outcome is null and p_item.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING')
            or claim.outcome = 'LOST' and p_item.status = 'PENDING' and p_claim_token is not null and not exists (
                select from data.machine as machine
                where machine.company_id = claim.company_id
                  and machine.machine_id = claim.machine_id
                  and machine.removed_time is not null))
        then 'good'
        else 'late'
    end;
end;
$$;
