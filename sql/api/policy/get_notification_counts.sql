create or replace function api.get_notification_counts(
    p_unread_only boolean default false,
    p_max_records integer default 100,
    p_offset      integer default 0)
returns table (
    total_count  bigint,
    unread_count bigint)
language plpgsql volatile security definer set search_path = ''
as $$
-- How many notifications the caller has.
--
-- Callers: sessions
-- Arguments:
--   unreadOnly  true: totalCount is of those that he has not read
--   maxRecords  changes nothing: all are counted
--   offset      changes nothing
-- Returns:
--   1: the counts, one row
-- Rules:
--   Everybody sees his own only.
declare
    v_caller auth.caller := auth.enter_call();
begin
    return query
    select count(*) filter (where told.read_time is null or not coalesce(p_unread_only, false)),
           count(*) filter (where told.read_time is null)
    from data.notification as told
    where told.company_id = v_caller.company_id
      and told.user_id = v_caller.user_id;
end;
$$;
