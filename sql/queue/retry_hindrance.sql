create or replace function queue.retry_hindrance(p_item data.queue_item)
returns text
language plpgsql volatile set search_path = ''
as $$
-- Why an item cannot be queued again; null: it can. The caller has passed the gate: nobody deletes its place meanwhile.
declare
    v_removed text;
begin
    if p_item.status not in ('FAILED', 'CANCELLED') then
        return format('queue item %s is %s: only a FAILED or CANCELLED one can be retried', p_item.queue_id, p_item.status);
    end if;

    select case
               when machine.removed_time is not null then 'for machine ' || machine.removed_name
               when policy.removed_time is not null then 'of queue ' || policy.queue_name
           end
    into v_removed
    from data.queue_policy as policy
    left join data.machine as machine                     -- a pool's item goes back to the pool, whoever had it
        on machine.company_id = policy.company_id and not p_item.pooled and machine.machine_id = p_item.machine_id
    where policy.company_id = p_item.company_id
      and policy.policy_id = p_item.policy_id;
    return case when v_removed is not null then format(
        'queue item %s was %s, which was deleted: queue its job for another one', p_item.queue_id, v_removed) end;
end;
$$;
