create or replace function queue.claim_by_response(p_caller auth.caller, p_item data.queue_item, p_now timestamptz)
returns data.claim
language plpgsql volatile set search_path = ''
as $$
-- Make a session's user the claimant of a PENDING item that he answers (DESIGN 3.3), so that it is no longer handed out.
--
-- Returns:
--   the new claim; the item is ASSIGNED under it until the sign of life that follows
declare
    v_claim data.claim;
    v_lease constant integer := 3 * 600;
begin
    insert into data.claim (
        company_id, queue_id, claim_number, attempt, token_id, user_id, actor, claimed_time, lease_seconds,
        machine_id)
    values (
        p_item.company_id, p_item.queue_id, p_item.claim_number + 1, p_item.attempt + 1, p_caller.token_id, p_caller.user_id,
        p_caller.actor, p_now, v_lease, p_item.machine_id)
    returning * into v_claim;

    update data.queue_item as item
    set status = 'ASSIGNED',
        held = null,
        open_dependency_count = 0,
        attempt = v_claim.attempt,
        claim_number = v_claim.claim_number,
        assigned_time = p_now,
        lease_seconds = v_lease,
        lease_until = p_now + make_interval(secs => v_lease),
        deadline_time = p_now + make_interval(secs => item.timeout_seconds)
    where item.company_id = p_item.company_id
      and item.queue_id = p_item.queue_id
    returning item.* into p_item;
    perform data.record_event(p_item, 'ASSIGNED', p_caller.actor, p_now);
    return v_claim;
end;
$$;
