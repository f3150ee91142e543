create or replace function queue.pass_gate(p_company_id bigint)
returns data.company_limits
language plpgsql volatile set search_path = ''
as $$
-- Pass the gate of a company: who adds or claims items, before he looks at limits, pauses and drains. Many pass at once.
--
-- Returns:
--   what the company allows; null: no limit
-- Rules:
--   Whoever closes something (queue.close_gate) waits until all that have passed before him have ended, and those that come later
--   see what he did. So a machine that drains gets nothing after its answer, and new limits count everything.
declare
    v_limits data.company_limits;
begin
    perform pg_advisory_xact_lock_shared(hashtextextended('queue.gate', p_company_id));
    select company.max_running, company.max_running_per_user
    into v_limits
    from data.company as company
    where company.company_id = p_company_id;
    return v_limits;
end;
$$;
