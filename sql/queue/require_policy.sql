create or replace function queue.require_policy(p_caller auth.caller, p_team_id bigint, p_queue_name text)
returns data.queue_policy
language plpgsql stable set search_path = ''
as $$
-- The queue of that name in a team; without a name the team's own, `default`.
--
-- Errors:
--   JB404  the team has no such queue
declare
    v_policy data.queue_policy;
begin
    select policy.*
    into v_policy
    from data.queue_policy as policy
    where policy.company_id = p_caller.company_id
      and policy.team_id = p_team_id
      and lower(policy.queue_name) = lower(coalesce(p_queue_name, 'default'))
      and policy.removed_time is null;
    if not found then
        raise exception using errcode = 'JB404', message = format('queue %s not found in this team', left(p_queue_name, 100));
    end if;
    return v_policy;
end;
$$;
