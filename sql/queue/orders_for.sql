create or replace function queue.orders_for(p_caller auth.caller)
returns data.agent_orders
language plpgsql stable set search_path = ''
as $$
-- What is wanted of the agent that calls, by its token.
--
-- Rules:
--   The agent of a bridge is to drain, to pause or to stop when all its machines are: until then it works for the others, and a
--   claim gives it nothing of those that are not to work. The shortest heartbeat of them is its own.
declare
    v_machine_ids bigint[] := array[p_caller.machine_id];
    v_orders      data.agent_orders;
begin
    if p_caller.bridge_id is not null then
        v_machine_ids := array(
            select machine.machine_id
            from data.held_key as held
            cross join lateral (
                select granted.machine_id, granted.bridge_id
                from data.machine as granted
                where granted.company_id = held.company_id
                  and granted.machine_uuid = held.key_id
                offset 0) as machine            -- one by one: a plain join may read every machine of the company
            where held.company_id = p_caller.company_id
              and held.holder_kind = 'agent'
              and held.holder_id = p_caller.token_id
              and held.key_kind = 'machine'
              and machine.bridge_id = p_caller.bridge_id);
    end if;

    select least(min(machine.heartbeat_seconds), case when bool_or(machine.heartbeat_seconds is null) then 10 end),
           bool_and(machine.drain_time is not null), bool_and(machine.paused_time is not null),
           bool_and(machine.stop_time is not null), bool_or(machine.registered_time is null)
    into v_orders
    from unnest(v_machine_ids) as own (machine_id)
    cross join lateral (
        select asked.*
        from data.machine as asked
        where asked.company_id = p_caller.company_id
          and asked.machine_id = own.machine_id
        offset 0) as machine;
    return row(coalesce(v_orders.heartbeat_seconds, 10), coalesce(v_orders.drain, false), coalesce(v_orders.paused, false),
        coalesce(v_orders.stop, false), coalesce(v_orders.register, false))::data.agent_orders;
end;
$$;
