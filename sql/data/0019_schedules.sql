-- Schedules: what 0016_dispatch.sql does not say of them yet.

-- Each tick and each change raises it: who computed something for an older one comes too late.
alter table data.schedule
    add column revision integer not null default 0,
    add check (every_seconds >= 10),
    add check (char_length(cron) between 1 and 200),
    add check (char_length(time_zone) between 1 and 100),
    add check (machine_id is null or labels is null);

-- What the broker found for the timing of a schedule: the first tick, which only it can compute.
create type data.schedule_material as (
    cron      text,
    time_zone text,
    next_time timestamptz);

-- A schedule that is to be looked at: its tick has come, or nobody has computed it yet.
create type data.due_schedule as (
    company_id    bigint,
    schedule_id   bigint,
    revision      integer,
    cron          text,
    every_seconds integer,
    time_zone     text,
    missed        data.missed_tick,
    next_time     timestamptz,
    asked_time    timestamptz);

-- However many schedulers there are, a tick makes one item.
create unique index queue_item_tick on data.queue_item (company_id, schedule_id, tick_time)
    where tick_time is not null;

-- Who refers to a schedule's vault, and what of a schedule is unfinished.
drop index data.queue_item_schedule;
create index queue_item_schedule on data.queue_item (schedule_id, request_vault_id)
    where schedule_id is not null;
create index queue_item_scheduled on data.queue_item (schedule_id, queue_id)
    where schedule_id is not null and finished_time is null;
