create or replace function api.get_team_schedules(
    p_team_name     text,
    p_schedule_name text default null,
    p_max_records   integer default 1000)
returns table (
    schedule_name         text,
    team_name             text,
    cron                  text,
    every_seconds         integer,
    time_zone             text,
    missed                data.missed_tick,
    overlap               data.overlap,
    enabled               boolean,
    next_time             timestamptz,
    last_tick_time        timestamptz,
    problem               text,
    machine_name          text,
    queue_name            text,
    labels                jsonb,
    priority              data.priority_level,
    max_attempts          integer,
    retries               integer,
    timeout_seconds       integer,
    backoff               jsonb,
    expires_after_seconds integer,
    metadata              jsonb,
    queue_vault           data.vault,
    vault_version         integer,
    created_by            text,
    created_time          timestamptz)
language plpgsql volatile security definer set search_path = ''
as $$
-- List the schedules of a team.
--
-- Callers: users
-- Arguments:
--   teamName      a team of the caller
--   scheduleName  only the schedule of this name
--   maxRecords    1 to 10000, default 1000
-- Returns:
--   1: the schedules by name. nextTime is null while a schedule is disabled, and for a second after a change by SQL;
--      lastTickTime is of the last tick that was counted, whether or not it made an item; problem says why the broker has
--      disabled it
-- Errors:
--   JB400  maxRecords is out of range
--   JB403  the team is not the caller's
--   JB404  the company has no such team
-- Rules:
--   The requesting user must be a member of the specified team.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_team   data.team := auth.require_team(v_caller, p_team_name);
begin
    if p_max_records not between 1 and 10000 then
        raise exception using errcode = 'JB400', message = format('maxRecords is %s: 1 to 10,000 are possible', p_max_records);
    end if;

    return query
    select schedule.schedule_name::text, v_team.team_name::text, schedule.cron, schedule.every_seconds, schedule.time_zone,
           schedule.missed, schedule.overlap, schedule.enabled, case when schedule.enabled then schedule.next_time end,
           schedule.last_tick_time, schedule.problem, coalesce(machine.machine_name, machine.removed_name)::text,
           policy.queue_name::text, schedule.labels::jsonb,
           data.priority_level_of(schedule.priority, v_caller.plan)::data.priority_level, schedule.max_attempts::integer,
           schedule.retries::integer, schedule.timeout_seconds::integer, schedule.backoff::jsonb,
           schedule.expires_after_seconds::integer, schedule.metadata, data.vault_of(stored), stored.version, maker.email::text,
           schedule.created_time
    from data.schedule as schedule
    join data.queue_policy as policy on policy.company_id = schedule.company_id and policy.policy_id = schedule.policy_id
    join data.vault_record as stored
        on stored.company_id = schedule.company_id and stored.vault_record_id = schedule.vault_record_id
    join data.company_user as maker on maker.company_id = schedule.company_id and maker.user_id = schedule.created_by
    left join data.machine as machine
        on machine.company_id = schedule.company_id and machine.machine_id = schedule.machine_id
    where schedule.company_id = v_caller.company_id
      and schedule.team_id = v_team.team_id
      and lower(schedule.schedule_name) = lower(coalesce(p_schedule_name, schedule.schedule_name))
    order by lower(schedule.schedule_name)
    limit p_max_records;
end;
$$;
