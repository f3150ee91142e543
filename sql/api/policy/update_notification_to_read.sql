create or replace function api.update_notification_to_read(p_notification_id bigint)
returns table (
    notification_id bigint,
    read_time       timestamptz)
language plpgsql volatile security definer set search_path = ''
as $$
-- Mark a notification of the caller's as read.
--
-- Callers: sessions
-- Arguments:
--   notificationId  as GetNotifications lists it
-- Returns:
--   1: the notification after the change, one row
-- Errors:
--   JB404  the caller has no such notification
-- Rules:
--   Once read, it stays so: marking it again changes nothing.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
begin
    return query
    update data.notification as told
    set read_time = coalesce(told.read_time, v_now)
    where told.company_id = v_caller.company_id
      and told.user_id = v_caller.user_id
      and told.notification_id = p_notification_id
    returning told.notification_id, told.read_time;
    if not found then
        raise exception using errcode = 'JB404', message = format('notification %s not found', p_notification_id);
    end if;
end;
$$;
