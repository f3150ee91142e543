-- Webhooks: addresses that are told of a team's items and machines, and the outbox of what they are told.
--
-- An endpoint belongs to a team, as a queue does: what it hears are ids, names and states of the team's items and machines, so it
-- is the business of those who may see them, and of nobody else in the company. It goes with its team.

-- What the broker made for a new endpoint. Its secret is needed when nobody calls, so the instance keyring seals it.
create type data.webhook_material as (
    webhook_uuid  uuid,
    sealed_secret bytea,
    key_number    integer);                                   -- of the instance key

create type data.delivery_status as enum ('PENDING', 'DELIVERED', 'FAILED');

create table data.webhook (
    company_id      bigint not null,
    webhook_id      bigint generated always as identity,
    webhook_uuid    uuid not null,
    team_id         bigint not null,
    url             text not null check (char_length(url) between 10 and 2000),
    events          text[] not null check (cardinality(events) between 1 and 20),
    description     text check (char_length(description) <= 500),
    sealed_secret   bytea not null,
    key_number      integer not null,
    enabled         boolean not null default true,
    disabled_reason text,
    disabled_time   timestamptz,
    created_by      bigint not null,
    created_time    timestamptz not null,
    primary key (company_id, webhook_id),
    unique (company_id, webhook_uuid),
    foreign key (company_id, team_id) references data.team on delete cascade,
    foreign key (company_id, created_by) references data.company_user,
    check (enabled = (disabled_time is null)),
    check (enabled = (disabled_reason is null)));

create index webhook_team on data.webhook (team_id);

-- Each event looks here whether anybody is to be told of it.
create index webhook_told on data.webhook (company_id, team_id) where enabled;

-- The outbox, and the log of what was sent: written in the transaction of the change, with all that is told of it.
create table data.webhook_delivery (
    company_id      bigint not null,
    delivery_id     bigint generated always as identity,
    webhook_id      bigint not null,
    message_uuid    uuid not null,                            -- the same at each attempt: receivers know a repetition by it
    event           text not null,
    subject_id      bigint,                                   -- queue_id, or -machine_id: one after the other; null: a test
    body            text not null,
    status          data.delivery_status not null default 'PENDING',
    attempt_count   integer not null default 0,
    next_time       timestamptz not null,
    lease_number    integer not null default 0,               -- each attempt that begins raises it
    lease_until     timestamptz,                              -- somebody sends it
    last_time       timestamptz,
    response_status integer,
    problem         text,                                     -- of the last attempt
    duration_ms     integer,
    created_time    timestamptz not null,
    settled_time    timestamptz,
    primary key (company_id, delivery_id),
    foreign key (company_id, webhook_id) references data.webhook on delete cascade,
    check ((status = 'PENDING') = (settled_time is null)),
    check (status = 'PENDING' or lease_until is null));

create index webhook_delivery_log on data.webhook_delivery (company_id, webhook_id, delivery_id desc);
-- Those that are due, found one by one however many wait, and those that somebody is sending.
create index webhook_delivery_due on data.webhook_delivery (company_id, webhook_id, next_time, delivery_id)
    where status = 'PENDING';
create index webhook_delivery_leased on data.webhook_delivery (company_id, webhook_id, lease_until)
    where status = 'PENDING' and lease_until is not null;
create index webhook_delivery_line on data.webhook_delivery (company_id, webhook_id, subject_id, delivery_id)
    where status = 'PENDING';
create index webhook_delivery_age on data.webhook_delivery (company_id, settled_time) where settled_time is not null;

-- Whether a machine was heard of when that was last looked at; null: never looked at.
alter table data.machine add column online boolean;

create type data.listed_webhook as (
    webhook_id      uuid,
    team_name       text,
    url             text,
    events          text[],
    description     text,
    enabled         boolean,
    disabled_reason text,
    disabled_time   timestamptz,
    created_by      text,
    created_time    timestamptz,
    waiting_count   bigint);

create type data.listed_delivery as (
    delivery_id     uuid,
    webhook_id      uuid,
    event           text,
    status          data.delivery_status,
    attempts        integer,
    response_status integer,
    problem         text,
    duration_ms     integer,
    created_time    timestamptz,
    last_time       timestamptz,
    next_time       timestamptz);

-- One message that is to be sent, with what sending it needs.
create type data.claimed_delivery as (
    company_id    bigint,
    delivery_id   bigint,
    lease_number  integer,
    attempt_count integer,
    event         text,
    message_uuid  uuid,
    body          text,
    url           text,
    company_uuid  uuid,
    webhook_uuid  uuid,
    sealed_secret bytea,
    key_number    integer);
