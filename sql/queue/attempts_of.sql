create or replace function queue.attempts_of(p_item data.queue_item)
returns setof data.item_attempt
language plpgsql stable set search_path = ''
as $$
-- Each time an item was handed out, oldest first: to whom, how it ended and why, and whether an answer is kept.
begin
    return query
    select claim.claim_number, claim.attempt, claim.outcome,
           coalesce(claim.failure_reason, case when claim.outcome = 'LOST' then 'LOST'::data.failure_reason end),
           coalesce(machine.machine_name, machine.removed_name)::text, claim.actor, claim.claimed_time, claim.sign_time,
           claim.ended_time,
           claim.response_vault_id is not null or claim.claim_number = p_item.claim_number and p_item.response_vault_id is not null,
           claim.late_vault_id is not null
    from data.claim as claim
    left join data.machine as machine
        on machine.company_id = claim.company_id and machine.machine_id = coalesce(claim.machine_id, p_item.machine_id)
    where claim.company_id = p_item.company_id
      and claim.queue_id = p_item.queue_id
    order by claim.claim_number;
end;
$$;
