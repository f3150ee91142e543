create or replace function queue.close_gate(p_company_id bigint)
returns void
language plpgsql volatile set search_path = ''
as $$
-- Wait until nobody adds or claims items of this company, and let nobody begin before this transaction has ended: for changes of
-- which a promise is given, as the last claim before a drain. Call it before any row is locked
-- that somebody may want who waits here.
begin
    perform pg_advisory_xact_lock(hashtextextended('queue.gate', p_company_id));
end;
$$;
