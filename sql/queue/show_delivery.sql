create or replace function queue.show_delivery(p_delivery data.webhook_delivery, p_webhook_uuid uuid)
returns data.listed_delivery
language sql stable
as $$
-- A message to an endpoint as it is listed. Inlined: no search_path.
select row(
    p_delivery.message_uuid, p_webhook_uuid, p_delivery.event, p_delivery.status, p_delivery.attempt_count,
    p_delivery.response_status, p_delivery.problem, p_delivery.duration_ms, p_delivery.created_time, p_delivery.last_time,
    case when p_delivery.status = 'PENDING' then p_delivery.next_time end)::data.listed_delivery;
$$;
