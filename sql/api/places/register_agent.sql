create or replace function api.register_agent(
    p_agent_version data.agent_version,
    p_slots         data.slot_count,
    p_queues        data.entity_name[] default null,
    p_labels        jsonb default null,
    p_machine_name  text default null,
    p_bridge_name   text default null,
    out heartbeat_seconds integer,
    out drain             boolean,
    out paused            boolean,
    out stop              boolean)
language plpgsql volatile security definer set search_path = ''
as $$
-- Say what an agent is and which items of pools it can take, at its start and when something changes.
--
-- Callers: agents
-- Arguments:
--   agentVersion  what the agent calls its own version
--   slots         how many jobs it runs at once, 1 to 1000
--   queues        names of the queues whose pools it serves, 100 at most, also of queues that do not exist yet; left out: every
--                 queue of its machines' teams
--   labels        what its machine has, as {"os": "linux"}; left out: nothing
--   machineName   the machine it speaks for, or
--   bridgeName    the bridge, for all machines of which it says this; its token implies either
-- Returns:
--   heartbeatSeconds: how often a heartbeat is due
--   drain: whether it should take no new work
--   paused: whether it is to take none for a while
--   stop: whether it should end once nothing is in hand
-- Errors:
--   JB400  labels are no object of short texts, there are too many queues, or both names are given
--   JB403  the machine, or every machine of the bridge, is not the caller's
--   JB404  the company has no such machine or bridge
-- Rules:
--   What the team says by UpdateMachineQueues and UpdateMachineLabels goes before it.
--   A machine that never registered serves its team's queues and has no labels.
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_takers record;
    v_queues text[] := queue.require_queue_names(p_queues::text[]);
    v_orders data.agent_orders;
begin
    if p_labels is not null then
        perform queue.require_labels(p_labels);
    end if;
    v_takers := queue.takers_of_caller(v_caller, p_machine_name, p_bridge_name);

    perform from data.machine as machine
    where machine.company_id = v_caller.company_id
      and machine.machine_id = any(v_takers.machine_ids)
    order by machine.machine_id
    for no key update;
    update data.machine as machine
    set registered_time = v_now,
        agent_version = p_agent_version,
        agent_slots = p_slots,
        agent_queues = v_queues,
        agent_labels = p_labels
    where machine.company_id = v_caller.company_id
      and machine.machine_id = any(v_takers.machine_ids);

    v_orders := queue.orders_for(v_caller);
    heartbeat_seconds := v_orders.heartbeat_seconds;
    drain := v_orders.drain;
    paused := v_orders.paused;
    stop := v_orders.stop;
end;
$$;
