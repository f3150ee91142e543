create or replace function queue.wait_reasons_of_machine(p_machine data.machine, p_now timestamptz)
returns data.wait_reason[]
language plpgsql stable set search_path = ''
as $$
-- Why a machine takes nothing now: its agent was never heard of, or not for ten minutes; it is paused, draining, or all its slots
-- are in use. Empty: it can.
declare
    c_shown   constant integer := 10;
    v_signs   record := queue.signs_of(p_machine, p_now);
    v_contact timestamptz := v_signs.last_contact;
    v_name    jsonb := jsonb_build_object('machineName', p_machine.machine_name);
    v_reasons data.wait_reason[] := '{}';
    v_held    bigint[];
begin
    if v_contact is null then
        v_reasons := v_reasons || row('MACHINE_NEVER_SEEN',
            format('no agent of machine %s was ever heard of', p_machine.machine_name), p_machine.created_time, null,
            v_name)::data.wait_reason;
    elsif v_contact < p_now - interval '10 minutes' then
        v_reasons := v_reasons || row('MACHINE_SILENT',
            format('no agent of machine %s was heard of for %s', p_machine.machine_name,
                data.counted(floor(extract(epoch from p_now - v_contact) / 60)::bigint, 'minute')), v_contact, null,
            v_name)::data.wait_reason;
    end if;
    if p_machine.paused_time is not null then
        v_reasons := v_reasons || row('MACHINE_PAUSED', format('machine %s is paused', p_machine.machine_name),
            p_machine.paused_time, null, v_name || jsonb_build_object('by', p_machine.paused_by))::data.wait_reason;
    end if;
    if p_machine.drain_time is not null then
        v_reasons := v_reasons || row('MACHINE_DRAINING', format('machine %s finishes what it has, and gets no more', p_machine.machine_name),
            p_machine.drain_time, null, v_name || jsonb_build_object('by', p_machine.drained_by))::data.wait_reason;
    end if;

    if p_machine.agent_slots is not null then
        v_held := queue.items_in_hand(p_machine, p_machine.agent_slots, p_now);
        if cardinality(v_held) >= p_machine.agent_slots then
            v_reasons := v_reasons || row('MACHINE_BUSY',
                format('the agent of machine %s works on %s, as many as it has slots', p_machine.machine_name,
                    data.counted(p_machine.agent_slots, 'item')), null, null,
                v_name || jsonb_build_object('slots', p_machine.agent_slots, 'queueIds', v_held[1:c_shown]))::data.wait_reason;
        end if;
    end if;
    return v_reasons;
end;
$$;
