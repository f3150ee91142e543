create or replace function queue.signs_of(
    p_machine        data.machine,
    p_now            timestamptz,
    out last_contact timestamptz,
    out last_claim   timestamptz,
    out health       data.machine_health)
language plpgsql stable set search_path = ''
as $$
-- When the agent of a machine was last heard of, when it last asked for work, and how the machine is.
--
-- Rules:
--   Contacts are known to the minute, and an agent that waits for work is heard of each minute: three minutes of silence are no
--   accident. OFFLINE is a machine that was not heard of for so long; DEAF one whose agent is heard of, has a free slot, and has
--   not asked for work for so long.
--   An agent that has never said how many slots it has is taken to have one.
declare
    v_since constant timestamptz := p_now - interval '3 minutes';
    v_slots constant integer := coalesce(p_machine.agent_slots, 1);
    v_heard timestamptz;
begin
    select max(token.last_claim_time), max(token.last_used_time) filter (where token.last_used_time > token.created_time)
    into last_claim, v_heard
    from data.token as token
    where token.company_id = p_machine.company_id
      and token.kind = 'agent'
      and (token.machine_id = p_machine.machine_id or token.bridge_id = p_machine.bridge_id);
    -- A new token's use is noted after a minute only.
    last_contact := greatest(data.last_contact(p_machine.company_id, p_machine.machine_id, p_machine.bridge_id), last_claim,
        p_machine.registered_time);

    health := case
        when p_machine.drain_time is not null then 'DRAINING'
        when p_machine.paused_time is not null then 'PAUSED'
        when last_contact is null then 'NEVER_SEEN'
        when last_contact < v_since then 'OFFLINE'
        when v_heard >= v_since and coalesce(last_claim, p_machine.registered_time) < v_since then 'DEAF'
        else 'ONLINE'
    end;
    if health = 'DEAF' and cardinality(queue.items_in_hand(p_machine, v_slots, p_now)) >= v_slots then
        health := 'ONLINE';
    end if;
end;
$$;
