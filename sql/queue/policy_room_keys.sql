create or replace function queue.policy_room_keys(p_company_id bigint, p_policy_ids bigint[])
returns text[]
language sql stable set search_path = ''
as $$
-- Keys of the hub for those who may have waited for room in these queues, as far as they have a concurrency, or in their company,
-- where that has limits.
select array(
    select 'queue:' || policy.policy_id
    from data.queue_policy as policy
    where policy.company_id = p_company_id
      and policy.policy_id = any(p_policy_ids)
      and policy.concurrency is not null
    union all
    select 'company:' || company.company_id
    from data.company as company
    where company.company_id = p_company_id
      and num_nonnulls(company.max_running, company.max_running_per_user) > 0);
$$;
