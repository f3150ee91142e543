create or replace function maintenance.notice_machines()
returns integer
language plpgsql volatile security definer set search_path = ''
as $$
-- Notice which machines have fallen silent and which are back, and tell the endpoints that asked for it.
--
-- Returns:
--   how many changed
-- Rules:
--   Online is a machine whose agent was heard of within three minutes, as GetTeamMachines shows it.
--   Only machines of teams with endpoints that listen to it are looked at. What they were when that began is no event; a machine
--   that was made later begins silent.
--   Two brokers at once: one works, the other finds the lock taken and does nothing.
declare
    v_now       timestamptz := data.clock();
    v_listening record;
    v_machine   data.machine;
    v_contact   timestamptz;
    v_online    boolean;
    v_count     integer := 0;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('maintenance.notice_machines', 0)) then
        return 0;
    end if;

    for v_listening in
        select webhook.company_id, webhook.team_id, min(webhook.created_time) as since
        from data.webhook as webhook
        where webhook.enabled
          and webhook.events && array['*', 'machine.online', 'machine.offline']
        group by webhook.company_id, webhook.team_id
    loop
        for v_machine in
            select machine.*
            from data.machine as machine
            where machine.company_id = v_listening.company_id
              and machine.team_id = v_listening.team_id
            order by machine.machine_id
        loop
            v_contact := (queue.signs_of(v_machine, v_now)).last_contact;
            v_online := coalesce(v_contact >= v_now - interval '3 minutes', false);
            continue when v_online is not distinct from v_machine.online;

            -- Where somebody changes the machine right now, it is looked at the next time.
            perform from data.machine as machine
            where machine.company_id = v_machine.company_id
              and machine.machine_id = v_machine.machine_id
              and machine.team_id = v_listening.team_id
              and machine.online is not distinct from v_machine.online
            for no key update skip locked;
            continue when not found;
            update data.machine as machine
            set online = v_online
            where machine.company_id = v_machine.company_id
              and machine.machine_id = v_machine.machine_id;
            if v_online <> coalesce(v_machine.online, v_online and v_machine.created_time <= v_listening.since) then
                perform queue.tell_of_machine(
                    v_machine, case when v_online then 'machine.online' else 'machine.offline' end, v_contact, v_now);
                v_count := v_count + 1;
            end if;
        end loop;
    end loop;
    return v_count;
end;
$$;
