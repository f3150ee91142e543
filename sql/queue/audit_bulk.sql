create or replace function queue.audit_bulk(
    p_caller  auth.caller,
    p_action  text,
    p_filter  data.item_filter,
    p_matched integer,
    p_done    integer,
    p_dry_run boolean,
    p_now     timestamptz)
returns void
language plpgsql volatile set search_path = ''
as $$
-- Put into the audit what a call for many items did, as one sentence; of a dry run nothing.
begin
    if p_dry_run then
        return;
    end if;
    perform auth.audit(p_caller, p_now, p_action, 'QueueItem', null, null, format('%s of %s%s', p_done,
        data.counted(p_matched, 'item'), case
            when not p_filter is null then format(', chosen by %s', jsonb_strip_nulls(to_jsonb(p_filter))) end));
end;
$$;
