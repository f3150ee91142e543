create or replace function maintenance.delete_old_items()
returns integer
language plpgsql volatile security definer set search_path = ''
as $$
-- Delete the finished items that are older than their queue keeps them (retentionSeconds), with their vaults.
--
-- Returns:
--   how many; as long as it is 1,000 or more, there may be others
-- Rules:
--   Queue by queue, the oldest first, at most 1,000 of a company in one run.
--   Protected items stay, and those for which others still wait. A request vault that others refer to goes with its last referrer.
--   Items of a flow stay until all of it has ended, and has been ended as long as its queue keeps what has.
--   A deleted queue goes on keeping its items as long as it said.
--   An item that somebody is changing right now is locked, and skipped.
--   Two brokers at once: one works, the other finds the lock taken and does nothing.
declare
    c_batch   constant integer := 1000;
    v_now     timestamptz := data.clock();
    v_policy  record;
    v_item    data.queue_item;
    v_company bigint;
    v_room    integer;
    v_count   integer := 0;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('maintenance.delete_old_items', 0)) then
        return 0;
    end if;

    for v_policy in
        select policy.company_id, policy.policy_id, v_now - make_interval(secs => policy.retention_seconds) as kept_since
        from data.queue_policy as policy
        where policy.retention_seconds is not null
        order by policy.company_id, policy.policy_id
    loop
        exit when v_count >= 10 * c_batch;                    -- one run is short, whatever there is to do
        if v_policy.company_id is distinct from v_company then
            v_company := v_policy.company_id;
            v_room := c_batch;
        end if;

        for v_item in
            select item.*
            from data.queue_item as item
            where item.company_id = v_policy.company_id
              and item.policy_id = v_policy.policy_id
              and item.finished_time < v_policy.kept_since
              and not item.protected
              -- What has not ended comes first in this order.
              and (item.flow_id is null or (
                  select latest.finished_time
                  from data.queue_item as latest
                  where latest.company_id = item.company_id
                    and latest.team_id = item.team_id
                    and latest.flow_id = item.flow_id
                  order by latest.finished_time desc
                  limit 1) < v_policy.kept_since)
              and not (item.has_dependants and exists (
                  select from data.dependency as dependency
                  join data.queue_item as waiting
                      on waiting.company_id = dependency.company_id and waiting.queue_id = dependency.queue_id
                  where dependency.company_id = item.company_id
                    and dependency.needs_queue_id = item.queue_id
                    and waiting.status = 'PENDING'
                    and waiting.held = 'DEPENDENCY'))
            order by item.finished_time
            limit v_room
            for update skip locked
        loop
            perform queue.delete_item(v_item, v_now);
            v_room := v_room - 1;
            v_count := v_count + 1;
        end loop;
    end loop;
    return v_count;
end;
$$;
