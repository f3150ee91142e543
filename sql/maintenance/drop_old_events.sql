create or replace function maintenance.drop_old_events(p_keep_days integer)
returns integer
language plpgsql volatile security definer set search_path = '' set lock_timeout = '100ms'
as $$
-- Drop the months of events that nobody needs any more.
--
-- Arguments:
--   keep_days  events of this age are kept, whatever has become of their items
-- Returns:
--   how many
-- Rules:
--   Whole months, older than that and older than the oldest item that still exists, finished or not: what can be looked at has its
--   whole trace. So one item that is kept for ever keeps the months since it was made.
--   A table in use is left for the next time: whoever writes events waits for this a tenth of a second at most, and once more
--   where somebody holds a month by itself.
declare
    v_since timestamptz := data.clock() - make_interval(days => p_keep_days);
begin
    if not pg_try_advisory_xact_lock(hashtextextended('maintenance.drop_old_events', 0)) then
        return 0;
    end if;

    -- Numbers are given in the order of time, but for transactions side by side.
    v_since := least(v_since, (
        select min(oldest.created_time) - interval '1 day'
        from data.company as company
        cross join lateral (
            select item.created_time
            from data.queue_item as item
            where item.company_id = company.company_id
            order by item.queue_id
            limit 1) as oldest));

    return data.drop_months('queue_event', 'event_time', v_since);
end;
$$;
