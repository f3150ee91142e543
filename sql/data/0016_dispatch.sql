-- Queues as policies, and the lanes in which items wait.
--
-- A lane holds the items that the same takers may have under the same policy: of one machine, or of a team's pool with
-- the same labels. A claim looks at the lanes of its machines, and passes by the closed ones whole: whatever waits in
-- them, it costs nothing.

create domain data.concurrency as integer
    check (value between 1 and 100000);

create domain data.retry_limit as integer
    check (value between 0 and 99);

create domain data.retention_seconds as integer
    check (value between 60 and 315360000);

create domain data.expiry_seconds as integer
    check (value between 1 and 31536000);

-- Checked by queue.require_labels, queue.require_backoff, queue.require_metadata, which say what is wrong.
create domain data.labels as jsonb
    check (jsonb_typeof(value) = 'object');

create domain data.backoff as jsonb
    check (jsonb_typeof(value) = 'object');

-- Seconds after which it is worth to look again, though nobody woke the caller; not shown.
create domain data.wake_after as double precision;

-- Why a PENDING item is not in its lane yet; null: it is.
create type data.hold as enum ('TIME', 'DEPENDENCY');

create table data.queue_policy (
    company_id        bigint not null,
    policy_id         bigint generated always as identity,
    policy_uuid       uuid not null,
    team_id           bigint not null,
    queue_name        data.entity_name not null,
    concurrency       data.concurrency,                       -- null: no limit
    max_retries       data.retry_limit not null,
    timeout_seconds   data.timeout_seconds,                   -- null: no limit
    backoff           data.backoff not null,
    rate_burst        integer check (rate_burst between 1 and 100000),
    rate_per_second   double precision check (rate_per_second between 0.0001 and 100000),
    tokens            double precision,                       -- of the bucket, when it was last looked at
    tokens_time       timestamptz,
    retention_seconds data.retention_seconds,                 -- null: kept for ever
    retry_on_crash    boolean not null default true,
    secrets           jsonb not null default '{}',
    paused_time       timestamptz,
    paused_by         text,
    pause_reason      data.note,
    created_time      timestamptz not null,
    removed_time      timestamptz,                            -- its finished items still refer to it
    foreign key (company_id, team_id) references data.team on delete cascade,
    check ((rate_burst is null) = (rate_per_second is null))
) with (fillfactor = 50);                                     -- tokens change in place

create unique index queue_policy_name on data.queue_policy (company_id, team_id, lower(queue_name))
    where removed_time is null;
alter table data.queue_policy add primary key (company_id, policy_id);

create table data.lane (
    company_id bigint not null,
    lane_id    bigint generated always as identity,
    team_id    bigint not null,
    policy_id  bigint not null,
    machine_id bigint,                                        -- null: the team's pool
    labels     data.labels not null default '{}',             -- of a pool: what a machine must have
    user_id    bigint,                                        -- in companies with a limit per user: whose items
    foreign key (company_id, policy_id) references data.queue_policy on delete cascade,
    foreign key (company_id, machine_id) references data.machine on delete cascade
);

create unique index lane_place on data.lane (
    company_id, policy_id, coalesce(machine_id, 0), coalesce(user_id, 0), labels);
create index lane_machine on data.lane (machine_id, company_id);
create index lane_pool on data.lane (team_id, company_id)
    where machine_id is null;
alter table data.lane add primary key (company_id, lane_id);

alter table data.company
    add column max_running          data.concurrency,
    add column max_running_per_user data.concurrency;

-- Machines under control, and what their agents and teams say of them.
alter table data.machine
    add column paused_time       timestamptz,
    add column paused_by         text,
    add column drain_time        timestamptz,
    add column drained_by        text,
    add column stop_time         timestamptz,
    add column heartbeat_seconds smallint check (heartbeat_seconds between 1 and 3600),
    add column registered_time   timestamptz,
    add column agent_version     text,
    add column agent_slots       integer,
    add column agent_queues      text[],                      -- null: every queue of the team
    add column agent_labels      data.labels,
    add column team_queues       text[],                      -- the team's word goes before the agent's
    add column team_labels       data.labels;

alter table data.token
    add column last_claim_time timestamptz;                   -- of an agent: when it last asked for work, to the minute

alter table data.queue_item
    alter column machine_id drop not null,                    -- of a pool's item: who has it
    add column policy_id             bigint,
    add column lane_id               bigint,
    add column pooled                boolean not null default false,
    add column labels                data.labels,
    add column held                  data.hold,
    add column expires_time          timestamptz,             -- not picked up until then: FAILED
    add column deadline_time         timestamptz,             -- of the running attempt, by its timeout
    add column retries               data.retry_limit not null default 0,
    add column retry_count           integer not null default 0,
    add column backoff               data.backoff,            -- null: the queue's
    add column counted_user_id       bigint,                  -- in companies with limits: whose
    add column open_dependency_count integer not null default 0,
    add column has_dependants        boolean not null default false,
    add column run_anyway            boolean not null default false,
    add column protected             boolean not null default false,
    add column schedule_id           bigint,
    add column tick_time             timestamptz;

alter table data.claim
    add column machine_id bigint;                             -- for which a pool's item was taken

insert into data.queue_policy (company_id, policy_uuid, team_id, queue_name, max_retries, backoff, created_time)
select
    team.company_id,
    gen_random_uuid() as policy_uuid,
    team.team_id,
    'default' as queue_name,
    0 as max_retries,
    '{"exponential": {"initialDelayMs": 1000}}'::data.backoff as backoff,
    team.created_time
from data.team as team;

insert into data.lane (company_id, team_id, policy_id, machine_id)
select machine.company_id, machine.team_id, policy.policy_id, machine.machine_id
from data.machine as machine
join data.queue_policy as policy on policy.company_id = machine.company_id and policy.team_id = machine.team_id;

update data.queue_item as item
set policy_id = lane.policy_id,
    lane_id = lane.lane_id
from data.lane as lane
where lane.company_id = item.company_id
  and lane.machine_id = item.machine_id;

alter table data.queue_item
    alter column policy_id set not null,
    alter column lane_id set not null;

-- The claim: the next items of a lane, in order, at a cost that knows neither backlog nor history, nor what is held.
create index queue_item_waiting on data.queue_item (lane_id, priority desc, queue_id)
    where status = 'PENDING' and held is null;
drop index data.queue_item_pending;

-- The limits and the sweeps: few rows, whatever the table holds.
drop index data.queue_item_live;
create index queue_item_live on data.queue_item (policy_id, machine_id)
    where status in ('ASSIGNED', 'PROCESSING', 'CANCELLING');
create index queue_item_counted on data.queue_item (company_id, counted_user_id)
    where status in ('ASSIGNED', 'PROCESSING', 'CANCELLING') and counted_user_id is not null;

-- What time brings: items whose moment has come, items that nobody took.
create index queue_item_due on data.queue_item (ready_time)
    where status = 'PENDING' and held = 'TIME';
create index queue_item_expiring on data.queue_item (expires_time)
    where status = 'PENDING' and expires_time is not null;

create index queue_item_held on data.queue_item (machine_id)
    where status = 'PENDING' and held is not null;

drop index data.queue_item_ready;
create index queue_item_ready on data.queue_item (ready_time)
    where status = 'PENDING' and held is null;

-- Retention, and how the last hour went.
create index queue_item_finished on data.queue_item (policy_id, finished_time)
    where finished_time is not null;

create index queue_item_metadata on data.queue_item using gin (metadata jsonb_path_ops)
    where metadata is not null;

create index queue_item_schedule on data.queue_item (schedule_id, queue_id)
    where schedule_id is not null;

-- An item waits for others: queue_id for needs_queue_id, which is always the smaller number.
create table data.dependency (
    company_id     bigint not null,
    queue_id       bigint not null,
    needs_queue_id bigint not null,
    primary key (company_id, queue_id, needs_queue_id),
    foreign key (company_id, queue_id) references data.queue_item on delete cascade,
    check (needs_queue_id < queue_id));

create index dependency_needs on data.dependency (company_id, needs_queue_id);

create type data.dead_letter_status as enum ('PENDING', 'RESOLVED', 'DISCARDED');

-- Each final FAILED leaves one, until somebody retries or discards it.
create table data.dead_letter (
    company_id     bigint not null,
    dead_letter_id bigint generated always as identity,
    queue_id       bigint not null,
    team_id        bigint not null,
    status         data.dead_letter_status not null default 'PENDING',
    created_time   timestamptz not null,
    settled_time   timestamptz,
    settled_by     text,
    unique (company_id, queue_id),
    foreign key (company_id, queue_id) references data.queue_item on delete cascade,
    check ((status = 'PENDING') = (settled_time is null)));

create index dead_letter_list on data.dead_letter (team_id, dead_letter_id desc);
alter table data.dead_letter add primary key (company_id, dead_letter_id);

-- What a person is told: today, that an item of his was given up.
create table data.notification (
    company_id      bigint not null,
    notification_id bigint generated always as identity,
    user_id         bigint not null,
    queue_id        bigint,
    kind            text not null,
    message         text not null,
    created_time    timestamptz not null,
    read_time       timestamptz,
    primary key (company_id, notification_id),
    foreign key (company_id, user_id) references data.company_user on delete cascade);

create index notification_list on data.notification (company_id, user_id, notification_id desc);

create type data.missed_tick as enum ('RUN_ONCE', 'SKIP');

create type data.overlap as enum ('ALLOW', 'SKIP', 'CANCEL_OLDER');

-- Makes one item per tick. The ticks of a cron expression are computed by the broker, which knows time zones; SQL counts
-- each once.
create table data.schedule (
    company_id      bigint not null,
    schedule_id     bigint generated always as identity,
    schedule_uuid   uuid not null,
    team_id         bigint not null,
    schedule_name   data.entity_name not null,
    cron            text,
    every_seconds   integer check (every_seconds between 1 and 31536000),
    time_zone       text not null default 'UTC',
    missed          data.missed_tick not null default 'RUN_ONCE',
    overlap         data.overlap not null default 'ALLOW',
    enabled         boolean not null default true,
    next_time       timestamptz,                              -- null: to be computed
    last_tick_time  timestamptz,
    problem         text,                                     -- why it does not run
    -- The item it makes.
    policy_id       bigint not null,
    machine_id      bigint,
    labels          data.labels,
    priority        data.priority not null,
    max_attempts    data.attempt_limit not null,
    retries         data.retry_limit not null,
    timeout_seconds data.timeout_seconds,
    backoff         data.backoff,
    expires_after_seconds data.expiry_seconds,
    metadata        jsonb,
    vault_record_id bigint not null,
    created_by      bigint not null,
    created_time    timestamptz not null,
    unique (company_id, schedule_uuid),
    foreign key (company_id, team_id) references data.team on delete cascade,
    foreign key (company_id, policy_id) references data.queue_policy,
    foreign key (company_id, machine_id) references data.machine on delete cascade,
    check ((cron is null) <> (every_seconds is null)));

create unique index schedule_name on data.schedule (company_id, team_id, lower(schedule_name));
create index schedule_due on data.schedule (next_time)
    where enabled;
alter table data.schedule add primary key (company_id, schedule_id);

alter type data.failure_reason add value 'TIMEOUT';
alter type data.failure_reason add value 'EXPIRED';
alter type data.failure_reason add value 'DEPENDENCY';
alter type data.failure_reason add value 'REFUSED';
alter type data.failure_reason add value 'AGENT_STOPPED';

alter type data.event_kind add value 'RETRY_SCHEDULED';
alter type data.event_kind add value 'RELEASED';
alter type data.event_kind add value 'DEAD_LETTERED';

alter type data.claimed_item add attribute queue_name text;
alter type data.claimed_item add attribute secrets jsonb;

-- An item as a caller orders it.
create type data.item_order as (
    machine_name          text,
    queue_name            text,
    labels                jsonb,
    queue_vault           data.vault,
    priority              data.priority_level,
    max_attempts          data.attempt_limit,
    retries               data.retry_limit,
    timeout_seconds       data.timeout_seconds,
    backoff               jsonb,
    not_before            timestamptz,
    expires_after_seconds data.expiry_seconds,
    metadata              jsonb,
    task_id               uuid,
    run_anyway            boolean);

-- The same, names resolved and numbers checked.
create type data.new_item as (
    task_id         uuid,
    team_id         bigint,
    policy_id       bigint,
    machine_id      bigint,                                   -- null: for the pool
    labels          data.labels,
    priority        data.priority,
    max_attempts    data.attempt_limit,
    retries         data.retry_limit,
    timeout_seconds data.timeout_seconds,
    backoff         data.backoff,
    ready_time      timestamptz,
    expires_time    timestamptz,
    metadata        jsonb,
    vault           data.vault,                               -- or that of
    request_vault_id  bigint,
    vault_queue_id    bigint,
    original_queue_id bigint,
    schedule_id       bigint,
    tick_time         timestamptz,
    run_anyway        boolean,
    needs             bigint[]);                              -- queue ids of what must be completed first

-- What a claim finds: the company's limits, and each lane.
create type data.company_limits as (
    max_running          integer,
    max_running_per_user integer);

create type data.open_lane as (
    lane_id   bigint,
    policy_id bigint,
    team_id   bigint,
    user_id   bigint,
    taker_id  bigint,                                         -- the machine that gets its items
    limited   boolean,
    paused    boolean);
