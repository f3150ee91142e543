create or replace function queue.policy_load(
    p_company_id bigint,
    p_policy_id  bigint,
    p_at_most    integer,
    out waiting  bigint,
    out held     bigint,
    out running  bigint)
language plpgsql stable set search_path = ''
as $$
-- How many items of a queue are not finished: those that may be taken, those that are held back, and those in agents' hands. Each
-- is counted up to a bound, null: all.
declare
    v_waiting record := queue.waiting_in(p_company_id, array(
        select lane.lane_id
        from data.lane as lane
        where lane.company_id = p_company_id
          and lane.policy_id = p_policy_id), p_at_most);
begin
    waiting := v_waiting.in_line;
    held := v_waiting.held;
    running := (
        select count(*)
        from (
            select item.queue_id
            from data.queue_item as item
            where item.company_id = p_company_id
              and item.policy_id = p_policy_id
              and item.status in ('ASSIGNED', 'PROCESSING', 'CANCELLING')
            limit p_at_most) as counted);
end;
$$;
