-- Sessions as their owners see them, second factors, and what brakes those who guess.

alter table data.token
    add column request_id       bigint generated always as identity,     -- a session's number, for its owner
    add column permissions      text[],                 -- of a session of a group of the company's own: its rights
    add column target_bridge_id bigint,                 -- of a session that speaks for a bridge
    add column parent_token_id  uuid,                   -- the session that this one was forked from
    add column awaits_code      boolean not null default false,           -- password right, second factor not shown yet
    add column address          text,
    add column user_agent       text,
    add foreign key (company_id, target_bridge_id) references data.bridge on delete cascade;

alter table data.company_user
    add column totp_secret       bytea,                 -- sealed under an instance key: the server checks codes itself
    add column totp_key_number   integer,               -- which instance key
    add column totp_step         bigint,                -- the last time step that signed in: a code works once
    add column totp_enabled_time timestamptz,
    add column last_sign_in_time timestamptz,
    add column removed_time      timestamptz,           -- what he did keeps its author; nothing else of him is left
    add check (num_nonnulls(totp_secret, totp_key_number, totp_enabled_time) in (0, 3));

-- For who has lost his device; each works once.
create table data.totp_recovery_code (
    company_id bigint not null,
    user_id    bigint not null,
    code_hash  data.sha256 not null,
    primary key (company_id, user_id, code_hash),
    foreign key (company_id, user_id) references data.company_user on delete cascade);

-- Failed sign-ins, counted for whole installations: an e-mail may be nobody's, an address is no company's.
create table data.brake (
    subject_kind      text not null check (subject_kind in ('account', 'address', 'company')),
    subject           text not null,
    failure_count     integer not null,
    last_failure_time timestamptz not null,
    blocked_until     timestamptz not null,
    primary key (subject_kind, subject));

create index brake_last_failure on data.brake (last_failure_time);

alter table data.company
    add column vault_record_id       bigint,
    add column requests_blocked_time timestamptz,       -- since when only administrators may sign in
    add foreign key (company_id, vault_record_id) references data.vault_record;

alter type auth.caller
    add attribute procedure_name   text,
    add attribute permission_group data.permission_group,
    add attribute permissions      text[],             -- null: those of permission_group
    add attribute target_bridge_id bigint,
    add attribute awaits_code      boolean;

-- From which request a call comes, as the broker says: for traces, never for rights.
create type auth.request_origin as (
    request_id text,
    address    text,
    user_agent text);
