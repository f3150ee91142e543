create or replace function queue.policies_of(p_company_id bigint, p_team_ids bigint[], p_names text)
returns bigint[]
language sql stable set search_path = ''
as $$
-- The queues of teams whose names a comma-separated list holds, all where it names none; deleted ones too, since their finished
-- items are still there.
select array(
    select policy.policy_id
    from data.queue_policy as policy
    where policy.company_id = p_company_id
      and policy.team_id = any(p_team_ids)
      and (data.names_of(p_names) is null or lower(policy.queue_name) = any(data.names_of(p_names))));
$$;
