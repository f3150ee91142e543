create or replace function api.get_queue_items_next(
    p_machine_name  text default null,
    p_bridge_name   text default null,
    p_item_count    integer default 3,
    p_lease_seconds data.lease_seconds default null,
    p_start         boolean default false,
    p_request_id    data.request_id default null,
    p_wait_seconds  data.wait_seconds default 0,
    p_claim         data.new_claim default null,
    out items       data.claimed_item[],
    out message     text,
    out drain       boolean,
    out stop        boolean,
    out register    boolean,
    out wait_keys   data.wake,
    out wake_after  data.wake_after)
language plpgsql volatile security definer set search_path = ''
as $$
-- Take the next jobs of a machine, or of the machines of a bridge, and of the pools that these serve.
--
-- Callers: users, agents
-- Arguments:
--   machineName   whose items, or
--   bridgeName    the items of every machine of this bridge that the caller may use; an agent's token implies either,
--                 a session made for a bridge this bridge
--   itemCount     at most so many, 1 to 100
--   leaseSeconds  how long the claim holds without a sign of life, 5 to 86400; default: three times the stale threshold
--   start         the items are PROCESSING at once, so that a cancel asks the agent
--   requestId     repeats a claim whose answer was lost: the same items, under a new claim token
--   waitSeconds   how long the answer may wait for an item, 0 to 300
-- Returns:
--   1: the items, now ASSIGNED, each with its job and the claimToken that heartbeat, response and completion carry
--   message: why table 1 has no rows
--   drain: to an agent that gets nothing: whether it is to take no new work
--   stop: likewise: whether it should end once nothing is in hand; then nothing is waited for
--   register: likewise: whether it should say by RegisterAgent what it is
-- Errors:
--   JB400  both names or neither, or itemCount is not 1 to 100
--   JB403  the machine, or every machine of the bridge, is not the caller's
--   JB404  the company has no such machine or bridge
--   JB503  a machine was moved to another bridge during the call
-- Rules:
--   Either a machine name or a bridge name must be provided, but not both.
--   The caller must have access to the machine, or to at least one machine of the bridge.
--   Items of a team's pool go to machines of the team that serve their queue and have their labels.
--   A queue that is paused or at its limits, and what is not due yet, holds up nothing but itself. Several teams take turns.
--   Only queue items without responses are returned.
--   Oldest first within a priority; an item is handed out once.
--   If no pending item is found, a message is returned.
declare
    v_caller   auth.caller := auth.enter_call();
    v_takers   record;
    v_claimed  record;
    v_orders   data.agent_orders;
begin
    if p_item_count not between 1 and 100 then
        raise exception using errcode = 'JB400', message = format('itemCount is %s: 1 to 100 items can be taken at once', p_item_count);
    end if;

    v_takers := queue.takers_of_caller(v_caller, p_machine_name, p_bridge_name);
    perform queue.note_question(v_caller, data.clock());
    v_claimed := queue.claim(v_caller, v_takers.machine_ids, v_takers.pool_ids, p_item_count, p_lease_seconds, p_start, p_claim,
        p_request_id);
    items := v_claimed.items;
    if cardinality(items) = 0 then
        message := 'no pending queue items';
        wait_keys := v_claimed.wait_keys;
        wake_after := v_claimed.wake_after;
        if v_caller.user_id is null then
            v_orders := queue.orders_for(v_caller);
            drain := v_orders.drain;
            stop := v_orders.stop;
            register := v_orders.register;
            wait_keys := case when not stop then wait_keys end;
        end if;
    end if;
end;
$$;
