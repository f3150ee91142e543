create or replace function queue.named_policies(p_company_id bigint, p_team_ids bigint[], p_queue_name text)
returns bigint[]
language plpgsql stable set search_path = ''
as $$
-- The queues of that name in these teams, deleted ones too, since their finished items are still there; null without a name.
--
-- Errors:
--   JB404  none of them has such a queue
declare
    v_policy_ids bigint[];
begin
    if p_queue_name is null then
        return null;
    end if;
    v_policy_ids := array(
        select policy.policy_id
        from data.queue_policy as policy
        where policy.company_id = p_company_id
          and policy.team_id = any(p_team_ids)
          and lower(policy.queue_name) = lower(p_queue_name));
    if cardinality(v_policy_ids) = 0 then
        raise exception using errcode = 'JB404', message = format('queue %s not found in these teams', left(p_queue_name, 100));
    end if;
    return v_policy_ids;
end;
$$;
