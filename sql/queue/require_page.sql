create or replace function queue.require_page(p_max_records integer, p_skip_records integer)
returns void
language plpgsql immutable set search_path = ''
as $$
-- Of the newest items no more is shown or skipped than this.
--
-- Errors:
--   JB400  maxRecords or skipRecords is out of range
begin
    if p_max_records not between 1 and 200 then
        raise exception using errcode = 'JB400', message = format('maxRecords is %s: 1 to 200 are possible', p_max_records);
    elsif p_skip_records not between 0 and 1000 then
        raise exception using errcode = 'JB400', message = format('skipRecords is %s: 0 to 1,000 are possible', p_skip_records);
    end if;
end;
$$;
