-- What care needs to know.

alter table data.lane
    add column idle_time timestamptz;                         -- of a pool: since when a sweep has found nothing in it

-- What is held, lane by lane: for counting, and to see that a lane is empty.
create index queue_item_held_lane on data.queue_item (lane_id)
    where status = 'PENDING' and held is not null;

-- When each procedure of schema maintenance ran, in whichever broker.
create table data.sweep (
    procedure_name text primary key,
    first_time     timestamptz not null,
    last_time      timestamptz not null
) with (fillfactor = 50);

-- How a queue does now, and how the last hour went; without names: all of them together.
create type data.queue_statistics as (
    team_name              text,
    queue_name             text,
    waiting_count          bigint,
    held_count             bigint,
    assigned_count         bigint,
    processing_count       bigint,
    cancelling_count       bigint,
    completed_count        bigint,
    failed_count           bigint,
    cancelled_count        bigint,
    created_per_minute     double precision,
    started_per_minute     double precision,
    finished_per_minute    double precision,
    oldest_waiting_time    timestamptz,
    oldest_waiting_seconds double precision,
    waiting_p50_seconds    double precision,
    waiting_p99_seconds    double precision,
    running_p50_seconds    double precision,
    running_p99_seconds    double precision);
