create or replace function queue.lane_of(
    p_company_id bigint,
    p_policy_id  bigint,
    p_machine_id bigint,
    p_labels     data.labels,
    p_user_id    bigint)
returns bigint
language plpgsql volatile set search_path = ''
as $$
-- The lane for items of this place, made when it is the first, and locked so that nobody removes it: who deletes a queue or a
-- machine deletes its lanes first, and so waits for items that are just coming.
--
-- Arguments:
--   machine_id  null: the pool of the queue's team, for machines that have the labels
--   user_id     whose items, where the company limits each user; else null
-- Errors:
--   JB404  the queue or the machine was deleted meanwhile
declare
    v_labels  data.labels := coalesce(p_labels, '{}');
    v_lane_id bigint;
    v_team    data.team;
begin
    loop
        select lane.lane_id
        into v_lane_id
        from data.lane as lane
        where lane.company_id = p_company_id
          and lane.policy_id = p_policy_id
          and coalesce(lane.machine_id, 0) = coalesce(p_machine_id, 0)
          and coalesce(lane.user_id, 0) = coalesce(p_user_id, 0)
          and lane.labels = v_labels
        for key share;
        exit when found;

        select team.*
        into v_team
        from data.queue_policy as policy
        join data.team as team on team.company_id = policy.company_id and team.team_id = policy.team_id
        where policy.company_id = p_company_id
          and policy.policy_id = p_policy_id
          and policy.removed_time is null
        for key share of policy;
        if not found then
            raise exception using errcode = 'JB404', message = 'the queue was deleted during the call';
        end if;
        perform from data.machine as machine
        where machine.company_id = p_company_id
          and machine.machine_id = p_machine_id
          and machine.removed_time is null
        for key share;
        if p_machine_id is not null and not found then
            raise exception using errcode = 'JB404', message = format('machine %s not found in team %s', (
                select machine.removed_name
                from data.machine as machine
                where machine.company_id = p_company_id
                  and machine.machine_id = p_machine_id), v_team.team_name);
        end if;

        insert into data.lane (company_id, team_id, policy_id, machine_id, labels, user_id)
        values (p_company_id, v_team.team_id, p_policy_id, p_machine_id, v_labels, p_user_id)
        on conflict do nothing
        returning lane_id into v_lane_id;
        exit when found;
    end loop;
    return v_lane_id;
end;
$$;
