create or replace function queue.explain_refusal(p_item data.queue_item, p_verdict text)
returns text
language sql immutable
as $$
-- The sentence for a verdict of queue.judge_claim that is not good.
select case p_verdict
    when 'late' then format(
        'too late for queue item %s: it is %s, and the claim was replaced, ended or given back; nothing was changed',
        (p_item).queue_id, (p_item).status)
    when 'unknown' then format('claimToken is not one of queue item %s', (p_item).queue_id)
    when 'missing' then format('queue item %s was claimed by an agent: claimToken is needed', (p_item).queue_id)
    when 'agent' then format('an agent answers queue item %s with the claimToken of its claim only', (p_item).queue_id)
    else format('queue item %s is %s', (p_item).queue_id, (p_item).status)
end;
$$;
