-- Queue items, their claims and their events.
--
-- The item row is narrow and its hot updates touch no index but the partial ones on status; vaults lie in
-- data.vault_record, history in data.claim and data.queue_event. No foreign key leads to a vault: each check would lock a
-- row for every item written; sql/invariants.sql asserts what it would have said.
--
-- Plans are made once (sql/publish.sql), and on a table with next to no rows every index that holds company_id looks as good as
-- the primary key; of equals the planner takes the youngest. So no other index of queue_item holds it, save taskId's, the primary
-- key comes last, and ANALYZE, which has plans made anew, is not put off as VACUUM is. tests/test_plans.py tries it.

create table data.queue_item (
    company_id           bigint not null,
    queue_id             bigint generated always as identity (maxvalue 9007199254740991),
    task_id              uuid not null,
    team_id              bigint not null,
    machine_id           bigint not null,
    status               data.queue_status not null default 'PENDING',
    priority             data.priority not null default 50,
    attempt              integer not null default 0,         -- attempts used, the running one included
    max_attempts         data.attempt_limit not null default 3,
    silent_count         smallint not null default 0,        -- claims that went back without a sign of life
    claim_number         integer not null default 0,         -- the last claim
    timeout_seconds      data.timeout_seconds,
    metadata             jsonb,
    request_vault_id     bigint not null,
    vault_queue_id       bigint,                             -- the item whose request vault this retry shares
    original_queue_id    bigint,                             -- the item that this one retries
    response_vault_id    bigint,
    created_by           bigint not null,
    created_time         timestamptz not null,
    ready_time           timestamptz not null,               -- since when an agent may have it
    assigned_time        timestamptz,
    started_time         timestamptz,
    last_heartbeat_time  timestamptz,                        -- any sign of life
    lease_seconds        integer,
    lease_until          timestamptz,
    progress             data.fraction,
    stale_time           timestamptz,                        -- when the sweep noticed
    cancel_requested_time timestamptz,
    cancelled_by         text,
    finished_time        timestamptz,
    completion_status    data.completion_status,
    failure_reason       data.failure_reason,
    retryable            boolean,
    unique (company_id, task_id),
    foreign key (company_id, machine_id) references data.machine,
    -- One check instead of four: each costs every insert and update 3 us of planning.
    check (attempt <= max_attempts and case
               when status = 'PENDING' then coalesce(lease_until, finished_time) is null
               when status in ('ASSIGNED', 'PROCESSING', 'CANCELLING') then lease_until is not null and finished_time is null
               else finished_time is not null and lease_until is null and (status = 'CANCELLED' or completion_status is not null)
           end)
) with (
    fillfactor = 80,
    autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0);

-- The claim: the next items of a machine, in order, at a cost that knows neither backlog nor history.
create index queue_item_pending on data.queue_item (machine_id, priority desc, queue_id)
    where status = 'PENDING';

-- The sweeps: few rows, whatever the table holds.
create index queue_item_live on data.queue_item (machine_id)
    where status in ('ASSIGNED', 'PROCESSING', 'CANCELLING');

-- The hub's poll: what became ready behind the broker's back.
create index queue_item_ready on data.queue_item (ready_time)
    where status = 'PENDING';

-- The listing: a team's items, priority first, then newest.
create index queue_item_list on data.queue_item (team_id, priority desc, created_time desc);

create index queue_item_retries on data.queue_item (original_queue_id)
    where original_queue_id is not null;

create index queue_item_shared_vault on data.queue_item (vault_queue_id)
    where vault_queue_id is not null;

alter table data.queue_item add primary key (company_id, queue_id);

alter table data.vault_record set (
    autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0);

-- One row per claim: what fences a late worker, and what a lost attempt left behind.
create table data.claim (
    company_id        bigint not null,
    queue_id          bigint not null,
    claim_number      integer not null,
    attempt           integer not null,
    claim_hash        data.sha256,                           -- null: claimed without a token of its own (psql, a response)
    token_id          uuid,
    user_id           bigint,                                -- null: an agent's
    actor             text not null,
    request_id        data.request_id,
    claimed_time      timestamptz not null,
    lease_seconds     integer not null,
    sign_time         timestamptz,                           -- first sign of life
    ended_time        timestamptz,
    outcome           data.claim_outcome,
    answer_status     data.completion_status,                -- what was reported, to know the same report again
    answer_fingerprint data.sha256,
    response_vault_id bigint,                                -- what a lost attempt had answered
    late_vault_id     bigint,                                -- what came too late
    primary key (company_id, queue_id, claim_number),
    foreign key (company_id, queue_id) references data.queue_item on delete cascade,
    check ((ended_time is null) = (outcome is null))
) with (
    autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0);

create index claim_request on data.claim (company_id, token_id, request_id)
    where request_id is not null;

-- Append-only, by month, dropped whole (DESIGN 7.5). Rows of one item are read together and in order.
create table data.queue_event (
    company_id bigint not null,
    queue_id   bigint not null,
    event_id   bigint generated always as identity,
    event_time timestamptz not null,
    event      data.event_kind not null,
    attempt    integer not null,
    actor      text not null,
    details    text
) partition by range (event_time);

create index queue_event_item on data.queue_event (company_id, queue_id, event_id);

-- Catches what no month's partition does: a clock that jumped, a maintenance that never ran.
create table data.queue_event_default partition of data.queue_event default;

-- A key is its user's own: nobody can take or learn another's.
create table data.idempotency (
    company_id      bigint not null,
    user_id         bigint not null,
    idempotency_key data.idempotency_key not null,
    fingerprint     data.sha256 not null,
    queue_id        bigint not null,
    expires_time    timestamptz not null,
    primary key (company_id, user_id, idempotency_key));

create index idempotency_expires on data.idempotency (expires_time);
