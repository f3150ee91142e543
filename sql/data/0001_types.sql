-- Vocabulary: domains, enums and the row types that cross the boundary between SQL and the broker.
-- A type says what a value means; broker/contract/fields.py knows how each one travels in JSON.

create domain data.entity_name as text
    check (char_length(value) between 1 and 100)
    check (value !~ '[[:cntrl:]]')
    check (value = btrim(value));

create domain data.email as text
    check (char_length(value) between 3 and 254)
    check (value ~ '^[^@[:space:][:cntrl:]]+@[^@[:space:][:cntrl:]]+$')
    check (value = lower(value));

-- A list of names in one text, as the specification prints it: "ops, build".
create domain data.name_list as text
    check (char_length(value) <= 10000);

create domain data.note as text
    check (char_length(value) <= 1000);

create domain data.idempotency_key as text
    check (char_length(value) between 1 and 200);

create domain data.request_id as text
    check (char_length(value) between 1 and 100);

-- Spec 1: 1 highest .. 5 lowest.
create domain data.priority_level as smallint
    check (value between 1 and 5);

-- 100 first; spec 1's levels are 100, 75, 50, 25, 0.
create domain data.priority as smallint
    check (value between 0 and 100);

create domain data.attempt_limit as integer
    check (value between 1 and 100);

create domain data.timeout_seconds as integer
    check (value between 1 and 31536000);

create domain data.wait_seconds as integer
    check (value between 0 and 300);

create domain data.lease_seconds as integer
    check (value between 5 and 86400);

create domain data.fraction as double precision
    check (value between 0 and 1);

-- SHA-256 of a claim token; the token itself never reaches the database.
create domain data.claim_token as bytea
    check (octet_length(value) = 32);

-- The same for a token that the broker makes for this call.
create domain data.new_claim as bytea
    check (octet_length(value) = 32);

-- Given once to the caller by the broker; null as far as SQL is concerned.
create domain data.revealed as text
    check (value is null);

-- Keys of the hub: who waits for them is woken when the call that returned them has committed.
create domain data.wake as text[];

-- Sealed bytes only (spec/vault-keys.md, records): plain text cannot be stored by mistake.
create domain data.wrapped_key as bytea
    check (octet_length(value) = 70)
    check (substring(value from 1 for 4) = '\x4a560101'::bytea);

create domain data.sealed_content as bytea
    check (octet_length(value) >= 36)
    check (substring(value from 1 for 4) = '\x4a560101'::bytea);

create domain data.sha256 as bytea
    check (octet_length(value) = 32);

create domain data.check_value as bytea
    check (octet_length(value) = 16);

create type data.scope_kind as enum ('machine', 'team', 'company');

create type data.plan as enum ('COMMUNITY', 'ADVANCED', 'PREMIUM', 'ELITE');

create type data.permission_group as enum ('Administrators', 'Users', 'Bridges');

create type data.token_kind as enum ('session', 'agent');

create type data.queue_status as enum (
    'PENDING', 'ASSIGNED', 'PROCESSING', 'CANCELLING', 'COMPLETED', 'FAILED', 'CANCELLED');

create type data.health_status as enum (
    'PENDING', 'ACTIVE', 'COMPLETED', 'FAILED', 'CANCELLED', 'STALE', 'UNKNOWN');

create type data.completion_status as enum ('SUCCESS', 'FAILED', 'PARTIAL', 'CANCELLED');

create type data.failure_reason as enum ('REPORTED', 'LOST', 'VAULT_UNREADABLE');

create type data.claim_outcome as enum ('COMPLETED', 'FAILED', 'CANCELLED', 'LOST', 'RETURNED');

create type data.event_kind as enum (
    'CREATED', 'ASSIGNED', 'PROCESSING', 'HEARTBEAT', 'RESPONSE', 'STALE', 'REQUEUED', 'CANCEL_REQUESTED', 'CANCELLED',
    'COMPLETED', 'FAILED', 'RETRIED', 'LATE_COMPLETION', 'VAULT_UNREADABLE');

-- A vault as it crosses the boundary: sealed bytes and everything the sealing is bound to.
create type data.vault as (
    scope_kind   data.scope_kind,        -- whose scope key wraps the data key
    scope_id     uuid,
    owner_kind   text,
    owner_id     uuid,                   -- the taskId or entity it was sealed for
    attempt      integer,                -- 0, save in responses
    vault_name   text,
    vault_id     bigint,                 -- 64 random bits, new with each write
    wrapped_key  data.wrapped_key,
    content      data.sealed_content,
    fingerprint  data.sha256);           -- keyed digest of the plaintext, on the way in only

-- What a vault argument has to be sealed for.
create type data.vault_target as (
    scope_kind   data.scope_kind,
    scope_id     uuid,
    owner_kind   text,
    owner_id     uuid,
    attempt      integer);

-- Who is calling. Exactly one of user_id, machine_id, bridge_id is set, or none: a caller without a token.
create type auth.caller as (
    company_id   bigint,
    company_uuid uuid,
    plan         data.plan,
    token_id     uuid,
    user_id      bigint,
    machine_id   bigint,
    bridge_id    bigint,
    actor        text);                  -- e-mail, or "agent <machine>", for events

create type data.heartbeat as (
    task_id       uuid,
    queue_id      bigint,
    claim_token   data.claim_token,
    progress      data.fraction,
    lease_seconds data.lease_seconds);

create type data.heartbeat_answer as (
    task_id          uuid,
    queue_id         bigint,
    accepted         boolean,
    lease_until      timestamptz,
    cancel_requested boolean,
    message          text);

create type data.return_request as (
    task_id     uuid,
    queue_id    bigint,
    claim_token data.claim_token);

create type data.return_answer as (
    task_id  uuid,
    queue_id bigint,
    returned boolean,
    message  text);

create type data.claimed_item as (
    "time"          timestamptz,
    vault_version   integer,
    vault_content   data.vault,
    machine_name    text,
    bridge_name     text,
    team_name       text,
    queue_id        bigint,
    task_id         uuid,
    claim_token     data.new_claim,
    attempt         integer,
    lease_seconds   integer,
    lease_until     timestamptz,
    priority        data.priority_level,
    timeout_seconds integer,
    metadata        jsonb);

create type data.response_answer as (
    queue_id               bigint,
    task_id                uuid,
    "time"                 timestamptz,
    machine_name           text,
    response_vault_version integer,
    result                 text);

create type data.completed_item as (
    queue_id                    bigint,
    task_id                     uuid,
    status                      data.queue_status,
    completed_time              timestamptz,
    processing_duration_minutes double precision);

-- What a ceremony hands to its procedure: keys already wrapped, never a key.
create type data.key_grant as (
    key_kind    text,                    -- company, machine, team
    key_id      uuid,
    key_version integer,
    wrapped     bytea,
    check_value data.check_value);

create type data.token_material as (
    token_id   uuid,
    token_hash data.sha256,
    grants     data.key_grant[]);

create type data.invitation_material as (
    user_uuid           uuid,
    verifier            data.sha256,         -- of a proof that only the activation code gives
    instance_key_number integer,             -- of a code set for tests and demonstrations, else null
    grants              data.key_grant[]);

create type data.company_material as (
    company_uuid   uuid,
    plan           data.plan,                -- the operator's default
    email          data.email,               -- of the first user
    check_value    data.check_value,         -- of the company key
    invitation     data.invitation_material,
    recovery_grant bytea);

create type data.password_material as (
    argon2_salt         bytea,
    argon2_memory_kib   integer,
    argon2_iterations   integer,
    argon2_lanes        integer,
    instance_key_number integer,
    verifier            data.sha256,         -- of a proof that only the password gives
    grants              data.key_grant[]);

create type data.activation_material as (
    email    data.email,
    proof    bytea,                          -- made from the code
    password data.password_material);        -- null: the code does not open the invitation

create type data.session_material as (
    email       data.email,
    proof       bytea,                       -- made from the password and argon2_salt
    argon2_salt bytea,
    upgrade     data.password_material,      -- when parameters or instance key have changed since the last sign-in
    token       data.token_material);        -- null: the password is wrong

-- One-row answers of procedures that refuse without undoing.
create type data.opened_session as (
    next_request_token    data.revealed,
    token_expiration      timestamptz,
    expiration_hours      integer,
    company_name          text,
    is_authorized         boolean,
    preferred_language    text,
    authentication_status text);

create type data.activated_account as (
    user_email text,
    result     text);
