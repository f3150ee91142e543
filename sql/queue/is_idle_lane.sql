create or replace function queue.is_idle_lane(p_lane data.lane)
returns boolean
language plpgsql volatile set search_path = ''
as $$
-- Whether no unfinished item is in a lane: none that waits or is held, none in an agent's hands, which may come back.
begin
    -- One statement, so one moment: an item moves between these.
    return not exists (
        select from data.queue_item as item
        where item.company_id = p_lane.company_id
          and item.lane_id = p_lane.lane_id
          and item.status = 'PENDING'
          and item.held is null)
        and not exists (
        select from data.queue_item as item
        where item.company_id = p_lane.company_id
          and item.lane_id = p_lane.lane_id
          and item.status = 'PENDING'
          and item.held is not null)
        and not exists (
        select from data.queue_item as item
        where item.company_id = p_lane.company_id
          and item.policy_id = p_lane.policy_id
          and item.lane_id = p_lane.lane_id
          and item.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING'));
end;
$$;
