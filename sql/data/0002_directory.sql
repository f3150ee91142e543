-- Companies and what they own. company_id comes first in every key of a tenant's table (DESIGN 7.1);
-- global are only e-mail -> company and token hash -> company.

create table data.company (
    company_id   bigint generated always as identity primary key,
    company_uuid uuid not null,
    company_name data.entity_name not null,
    plan         data.plan not null,
    created_time timestamptz not null);

-- Every vault, of a queue item or of an entity. Rows are written whole; version counts the writes.
create table data.vault_record (
    company_id      bigint not null,
    vault_record_id bigint generated always as identity,
    version         integer not null default 1 check (version >= 1),
    scope_kind      data.scope_kind not null,
    scope_id        uuid not null,
    owner_kind      text not null,
    owner_id        uuid not null,
    attempt         integer not null,
    vault_name      text not null,
    vault_id        bigint not null,
    wrapped_key     data.wrapped_key not null,
    content         data.sealed_content not null,
    written_time    timestamptz not null,
    primary key (company_id, vault_record_id));

-- Sealed bytes do not compress.
alter table data.vault_record alter column content set storage external;

create table data.company_user (
    company_id          bigint not null references data.company,
    user_id             bigint generated always as identity,
    user_uuid           uuid not null,
    email               data.email not null,
    permission_group    data.permission_group not null,
    preferred_language  text,
    created_time        timestamptz not null,
    activated_time      timestamptz,
    deactivated_time    timestamptz,
    vault_record_id     bigint,
    -- The password (spec/vault-keys.md, keys): parameters, and a digest to compare with. No key.
    argon2_salt         bytea,
    argon2_memory_kib   integer,
    argon2_iterations   integer,
    argon2_lanes        integer,
    instance_key_number integer,
    verifier            data.sha256,
    primary key (company_id, user_id),
    unique (company_id, user_uuid),
    foreign key (company_id, vault_record_id) references data.vault_record,
    check ((activated_time is null) = (verifier is null)));

-- Sign-in knows an e-mail and nothing else, so this one is global.
create table data.email_address (
    email      data.email primary key,
    company_id bigint not null,
    user_id    bigint not null,
    foreign key (company_id, user_id) references data.company_user on delete cascade);

create table data.region (
    company_id      bigint not null references data.company,
    region_id       bigint generated always as identity,
    region_uuid     uuid not null,
    region_name     data.entity_name not null,
    vault_record_id bigint,
    created_time    timestamptz not null,
    primary key (company_id, region_id),
    foreign key (company_id, vault_record_id) references data.vault_record);

create unique index region_name on data.region (company_id, lower(region_name));

create table data.bridge (
    company_id      bigint not null,
    bridge_id       bigint generated always as identity,
    bridge_uuid     uuid not null,
    bridge_name     data.entity_name not null,
    region_id       bigint not null,
    vault_record_id bigint,
    created_time    timestamptz not null,
    primary key (company_id, bridge_id),
    foreign key (company_id, region_id) references data.region,
    foreign key (company_id, vault_record_id) references data.vault_record);

create unique index bridge_name on data.bridge (company_id, lower(bridge_name));
create index bridge_region on data.bridge (company_id, region_id);

create table data.team (
    company_id      bigint not null references data.company,
    team_id         bigint generated always as identity,
    team_uuid       uuid not null,
    team_name       data.entity_name not null,
    vault_record_id bigint,
    created_time    timestamptz not null,
    primary key (company_id, team_id),
    foreign key (company_id, vault_record_id) references data.vault_record);

create unique index team_name on data.team (company_id, lower(team_name));

create table data.team_member (
    company_id   bigint not null,
    team_id      bigint not null,
    user_id      bigint not null,
    created_time timestamptz not null,
    primary key (company_id, team_id, user_id),
    foreign key (company_id, team_id) references data.team on delete cascade,
    foreign key (company_id, user_id) references data.company_user on delete cascade);

create index team_member_user on data.team_member (company_id, user_id, team_id);

create table data.machine (
    company_id      bigint not null,
    machine_id      bigint generated always as identity,
    machine_uuid    uuid not null,
    machine_name    data.entity_name not null,
    team_id         bigint not null,
    bridge_id       bigint not null,
    vault_record_id bigint,
    created_time    timestamptz not null,
    unique (company_id, machine_uuid),
    foreign key (company_id, team_id) references data.team,
    foreign key (company_id, bridge_id) references data.bridge,
    foreign key (company_id, vault_record_id) references data.vault_record);

create unique index machine_name on data.machine (company_id, lower(machine_name));
create index machine_team on data.machine (team_id);
create index machine_bridge on data.machine (bridge_id);
alter table data.machine add primary key (company_id, machine_id);

-- What publish.sql read in the headers of the procedures: who may call them.
create table data.procedure (
    procedure_name     text primary key,             -- cancel_queue_item
    for_anyone         boolean not null,
    for_users          boolean not null,
    for_administrators boolean not null,
    for_agents         boolean not null);
