create or replace function queue.wait_reasons_of_takers(p_item data.queue_item, p_queue_name text, p_now timestamptz)
returns data.wait_reason[]
language plpgsql stable set search_path = ''
as $$
-- Why no machine takes this item now; empty: one could.
--
-- Rules:
--   Of a pool's item: what holds up each machine that may take it, and only when none can. The first 20 are looked at.
--   A machine of which no agent's token opens the pool is no taker (queue.takers_of_item).
declare
    c_shown   constant integer := 20;
    v_machine data.machine;
    v_own     data.wait_reason[];
    v_reasons data.wait_reason[] := '{}';
    v_found   boolean := false;
    v_served  boolean;
begin
    foreach v_machine in array queue.takers_of_item(p_item, c_shown, p_now) loop
        v_found := true;
        v_own := queue.wait_reasons_of_machine(v_machine, p_now);
        if cardinality(v_own) = 0 then
            return '{}';
        end if;
        v_reasons := v_reasons || v_own;
    end loop;

    if not v_found then
        v_served := exists (
            select from data.machine as machine
            where machine.company_id = p_item.company_id
              and machine.team_id = p_item.team_id
              and queue.serves(machine, p_queue_name, p_item.labels));
        return array[row('NO_TAKER', case
            when v_served then format('machines serve queue %s, but no agent''s token opens the pool of the team: make a new token',
                p_queue_name)
            when p_item.labels is null then format('no machine of the team serves queue %s', p_queue_name)
            else format('no machine of the team serves queue %s and has the labels %s', p_queue_name, p_item.labels)
        end, p_item.created_time, null, jsonb_build_object('queueName', p_queue_name, 'labels', p_item.labels))::data.wait_reason];
    end if;
    return v_reasons;
end;
$$;
