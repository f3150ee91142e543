create or replace function api.update_company_limits(
    p_max_running          data.concurrency default null,
    p_max_running_per_user data.concurrency default null)
returns table (
    max_running          integer,
    max_running_per_user integer,
    wake                 data.wake)
language plpgsql volatile security definer set search_path = ''
as $$
-- Say how many items of the company may run at once, in all and of each user.
--
-- Callers: administrators
-- Arguments:
--   maxRunning         of the company, 1 to 100000; left out: no limit
--   maxRunningPerUser  of the items that one user has made, 1 to 100000; left out: no limit
-- Returns:
--   1: the limits, one row
-- Errors:
--   JB403  the caller is no administrator
-- Rules:
--   Both are set by each call. From the answer on nothing starts beyond them; what runs already goes on, and is counted.
--   What is beyond them waits, and does not fail.
#variable_conflict use_column
declare
    v_caller  auth.caller := auth.enter_call();
    v_now     timestamptz := data.clock();
    v_company data.company;
    v_ids     bigint[];
begin
    perform queue.close_gate(v_caller.company_id);
    select company.*
    into v_company
    from data.company as company
    where company.company_id = v_caller.company_id
    for no key update;

    update data.company as company
    set max_running = p_max_running,
        max_running_per_user = p_max_running_per_user
    where company.company_id = v_caller.company_id;

    if (p_max_running_per_user is null) <> (v_company.max_running_per_user is null)
       or num_nonnulls(p_max_running, p_max_running_per_user) > 0
       and num_nonnulls(v_company.max_running, v_company.max_running_per_user) = 0 then
        v_ids := queue.lock_all_unfinished(v_caller.company_id);
        -- Made while nobody counted: whose they are was not kept where it is counted.
        update data.queue_item as item
        set counted_user_id = item.created_by
        where item.company_id = v_caller.company_id
          and item.queue_id = any(v_ids)
          and item.counted_user_id is null;
        if (p_max_running_per_user is null) <> (v_company.max_running_per_user is null) then
            perform queue.move_to_user_lanes(v_caller.company_id, v_ids, p_max_running_per_user is not null);
        end if;
    end if;
    perform auth.audit(v_caller, v_now, 'Updated', 'Company', v_caller.company_uuid, v_company.company_name, format(
        'limits: running %s, running per user %s', coalesce(p_max_running::text, 'none'), coalesce(p_max_running_per_user::text, 'none')));

    return query
    select p_max_running::integer, p_max_running_per_user::integer, array['company:' || v_caller.company_id]::data.wake;
end;
$$;
