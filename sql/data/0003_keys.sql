-- Tokens and grants (spec/vault-keys.md). The database holds digests and wrapped keys, never a token or a key.

create table data.token (
    company_id       bigint not null references data.company,
    token_id         uuid not null,
    kind             data.token_kind not null,
    token_hash       data.sha256 not null,
    token_name       data.entity_name not null,
    user_id          bigint,                          -- of a session: who signed in
    permission_group data.permission_group,           -- of a session: rights as they were at sign-in
    machine_id       bigint,                          -- of an agent: its machine, or
    bridge_id        bigint,                          --              its bridge
    created_by       bigint,
    created_time     timestamptz not null,
    expires_time     timestamptz not null,
    last_used_time   timestamptz not null,
    primary key (company_id, token_id),
    foreign key (company_id, user_id) references data.company_user on delete cascade,
    foreign key (company_id, machine_id) references data.machine on delete cascade,
    foreign key (company_id, bridge_id) references data.bridge on delete cascade,
    check (case kind
               when 'session' then num_nonnulls(user_id, permission_group) = 2 and num_nonnulls(machine_id, bridge_id) = 0
               when 'agent' then num_nonnulls(user_id, permission_group) = 0 and num_nonnulls(machine_id, bridge_id) = 1
           end));

create index token_user on data.token (company_id, user_id) where user_id is not null;
create index token_machine on data.token (company_id, machine_id) where machine_id is not null;
create index token_bridge on data.token (company_id, bridge_id) where bridge_id is not null;
create index token_expires on data.token (expires_time);

-- A request brings a token and nothing else, so this one is global.
create table data.token_company (
    token_hash data.sha256 primary key,
    company_id bigint not null,
    token_id   uuid not null,
    foreign key (company_id, token_id) references data.token on delete cascade);

create index token_company_token on data.token_company (company_id, token_id);

create table data.company_key (
    company_id   bigint not null references data.company,
    key_version  integer not null,
    check_value  data.check_value not null,
    created_time timestamptz not null,
    primary key (company_id, key_version));

-- Who holds which key, wrapped under a key that only the holder can derive.
create table data.held_key (
    company_id  bigint not null references data.company,
    holder_kind text not null check (holder_kind in ('user', 'session', 'agent', 'invitation', 'recovery')),
    holder_id   uuid not null,                        -- user's uuid, token's id, company's uuid
    key_kind    text not null check (key_kind in ('company', 'machine', 'team')),
    key_id      uuid not null,
    key_version integer not null,
    wrapped     bytea not null,
    check_value data.check_value not null,
    primary key (company_id, holder_kind, holder_id, key_kind, key_id, key_version),
    foreign key (company_id, key_version) references data.company_key);

-- Who may set a password: proved by the activation code, whose digest of a digest is kept. Gone once it was used.
create table data.invitation (
    company_id          bigint not null,
    user_id             bigint not null,
    verifier            data.sha256 not null,
    instance_key_number integer,                      -- of a code set for tests and demonstrations
    expires_time        timestamptz not null,
    tries               smallint not null default 0 check (tries between 0 and 10),
    primary key (company_id, user_id),
    foreign key (company_id, user_id) references data.company_user on delete cascade);

-- A SQL admin who acts as a user, for the rest of one transaction (DESIGN 5).
create table data.impersonation (
    transaction_id xid8 primary key,
    company_id     bigint not null,
    user_id        bigint not null,
    session_role   text not null,
    reason         text not null,
    started_time   timestamptz not null);
