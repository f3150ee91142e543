create or replace function queue.list_filter(
    p_caller                  auth.caller,
    p_team_name               text,
    p_machine_name            text,
    p_bridge_name             text,
    p_status                  text,
    p_priority                smallint,
    p_min_priority            smallint,
    p_max_priority            smallint,
    p_created_by_user_email   text,
    p_stale_threshold_minutes integer,
    p_queue_name              text,
    p_metadata                jsonb,
    out team_ids     bigint[],
    out machine_id   bigint,
    out bridge_id    bigint,
    out statuses     data.queue_status[],
    out min_priority smallint,
    out max_priority smallint,
    out created_by   bigint,
    out policy_ids   bigint[])
language plpgsql stable set search_path = ''
as $$
-- The filters of GetTeamQueueItems, names turned into ids and checked.
--
-- Returns:
--   team_ids  the teams named that the company has, all the caller's; without names every team of the caller
-- Errors:
--   JB400  a status that does not exist, a threshold below one minute, or metadata that are no object
--   JB403  a team named is not the caller's
--   JB404  the machine or the queue is in none of the teams, or the company has no such bridge
-- Rules:
--   A name of a team that the company does not have is ignored in the list.
--   Plans that do not show priority do not filter by it.
--   An e-mail that nobody has matches nothing.
declare
    v_shown  boolean := p_caller.plan in ('PREMIUM', 'ELITE');
    v_bridge data.bridge;
begin
    if p_stale_threshold_minutes < 1 then
        raise exception using errcode = 'JB400',
            message = format('staleThresholdMinutes is %s: at least 1 is needed', p_stale_threshold_minutes);
    end if;

    team_ids := auth.named_teams(p_caller, p_team_name);

    machine_id := queue.named_machine(p_caller.company_id, team_ids, p_machine_name);
    policy_ids := queue.named_policies(p_caller.company_id, team_ids, p_queue_name);
    if jsonb_typeof(p_metadata) <> 'object' then
        raise exception using errcode = 'JB400', message = 'metadata must be a JSON object: what the items'' metadata must contain';
    end if;

    if p_bridge_name is not null then
        v_bridge := auth.require_bridge(p_caller, p_bridge_name);
        bridge_id := v_bridge.bridge_id;
    end if;

    begin
        statuses := (
            select array_agg(upper(name)::data.queue_status)
            from unnest(data.names_of(p_status)) as name);
    exception
        when invalid_text_representation then
            raise exception using errcode = 'JB400', message = format('status %s is not one of %s', left(p_status, 100),
                array_to_string(enum_range(null::data.queue_status), ', '));
    end;

    if v_shown then
        -- Level 1 is the highest number of the table, so the greatest level bounds it from below; each level is 12 wide each way.
        min_priority := case when num_nonnulls(p_priority, p_max_priority) > 0 then
            data.priority_of_level(least(p_priority, p_max_priority), p_caller.plan) - 12 end;
        max_priority := case when num_nonnulls(p_priority, p_min_priority) > 0 then
            data.priority_of_level(greatest(p_priority, p_min_priority), p_caller.plan) + 12 end;
    end if;

    if p_created_by_user_email is not null then
        created_by := coalesce((
            select person.user_id
            from data.company_user as person
            where person.company_id = p_caller.company_id
              and person.email = lower(p_created_by_user_email)
            -- Who was removed may have a successor of the same e-mail.
            order by person.removed_time desc nulls first
            limit 1), 0);
    end if;
end;
$$;
