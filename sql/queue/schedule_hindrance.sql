create or replace function queue.schedule_hindrance(p_schedule data.schedule)
returns text
language plpgsql stable set search_path = ''
as $$
-- Why a schedule cannot make items any more, though nobody has deleted it; null: it can.
begin
    return (
        select case
                   when machine.removed_time is not null then format('machine %s was deleted', machine.removed_name)
                   when policy.removed_time is not null then format('queue %s was deleted', policy.queue_name)
               end
        from data.queue_policy as policy
        left join data.machine as machine
            on machine.company_id = policy.company_id and machine.machine_id = p_schedule.machine_id
        where policy.company_id = p_schedule.company_id
          and policy.policy_id = p_schedule.policy_id);
end;
$$;
