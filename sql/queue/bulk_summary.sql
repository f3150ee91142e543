create or replace function queue.bulk_summary(p_filter data.item_filter, p_matched integer, p_done integer)
returns text
language sql stable set search_path = ''
as $$
-- What a call for many items did, as one sentence for the audit.
select format('%s of %s%s', p_done, data.counted(p_matched, 'item'), case
    when not p_filter is null then format(', chosen by %s', jsonb_strip_nulls(to_jsonb(p_filter))) end);
$$;
