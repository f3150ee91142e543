create or replace function api.get_notifications(
    p_unread_only boolean default false,
    p_max_records integer default 100,
    p_offset      integer default 0)
returns table (
    notification_id bigint,
    kind            text,
    message         text,
    queue_id        bigint,
    task_id         uuid,
    created_time    timestamptz,
    read_time       timestamptz)
language plpgsql volatile security definer set search_path = ''
as $$
-- What the caller was told: that an item of his has failed for good.
--
-- Callers: sessions
-- Counts: get_notification_counts
-- Arguments:
--   unreadOnly  true: only what he has not read
--   maxRecords  1 to 1000, default 100
--   offset      0 to 10000: how many of the newest are left out, default 0
-- Returns:
--   1: his notifications, newest first; taskId is null when the item was deleted
--   2: how many he has, whatever maxRecords and offset
-- Errors:
--   JB400  maxRecords or offset is out of range
-- Rules:
--   Everybody sees his own only.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
begin
    if p_max_records not between 1 and 1000 then
        raise exception using errcode = 'JB400', message = format('maxRecords is %s: 1 to 1,000 are possible', p_max_records);
    end if;
    if p_offset not between 0 and 10000 then
        raise exception using errcode = 'JB400', message = format('offset is %s: 0 to 10,000 are possible', p_offset);
    end if;

    return query
    select told.notification_id, told.kind, told.message, told.queue_id, item.task_id, told.created_time, told.read_time
    from data.notification as told
    left join data.queue_item as item on item.company_id = told.company_id and item.queue_id = told.queue_id
    where told.company_id = v_caller.company_id
      and told.user_id = v_caller.user_id
      and (told.read_time is null or not p_unread_only)
    order by told.notification_id desc
    limit p_max_records
    offset p_offset;
end;
$$;
