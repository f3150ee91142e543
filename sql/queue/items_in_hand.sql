create or replace function queue.items_in_hand(p_machine data.machine, p_at_most integer, p_now timestamptz)
returns bigint[]
language plpgsql stable set search_path = ''
as $$
-- The items that take up slots of a machine's agent, at most so many: those in its hands.
--
-- Rules:
--   The slots of a bridge's agent are for all its machines, and so are counted over them; unless an agent of the machine's own has
--   been heard of in the last three minutes.
declare
    v_since constant timestamptz := p_now - interval '3 minutes';
    v_machine_ids bigint[] := array[p_machine.machine_id];
begin
    if (select bool_or(token.bridge_id is not null) and not bool_or(token.machine_id is not null)
        from data.token as token
        where token.company_id = p_machine.company_id
          and token.kind = 'agent'
          and (token.machine_id = p_machine.machine_id or token.bridge_id = p_machine.bridge_id)
          and token.last_used_time >= v_since
          and (token.bridge_id is null or token.last_used_time > token.created_time)) then
        v_machine_ids := array(
            select machine.machine_id
            from data.machine as machine
            where machine.company_id = p_machine.company_id
              and machine.bridge_id = p_machine.bridge_id);
    end if;

    return array(
        select live.queue_id
        from unnest(v_machine_ids) as one_of (machine_id)
        cross join lateral queue.live_items(p_machine.company_id, one_of.machine_id) as live
        limit p_at_most);
end;
$$;
