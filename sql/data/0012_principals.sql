-- Key pairs of principals (spec/vault-keys.md, grants): keys can be granted to who is not there to give his own, and only to
-- those whom a holder of the company's key has vouched for.

create type data.principal_material as (
    public_key  bytea,
    wrapped     bytea,                       -- his secrets, under a key that only he derives
    check_value data.check_value,            -- of his secrets
    key_version integer,                     -- of the company key that vouches for him:
    endorsement bytea,                       --   opened with it, the key that marks what the company grants him
    mac         data.sha256);                --   of his public key

alter type data.token_material add attribute principal data.principal_material;
alter type data.password_material add attribute principal data.principal_material;
alter type data.company_material add attribute recovery_principal data.principal_material;

create table data.principal_key (
    company_id  bigint not null references data.company,
    holder_kind text not null check (holder_kind in ('user', 'session', 'agent', 'recovery')),
    holder_id   uuid not null,                        -- user's uuid, token's id, company's uuid
    public_key  bytea not null check (octet_length(public_key) = 32),
    wrapped     bytea not null check (octet_length(wrapped) = 98),
    check_value data.check_value not null,
    key_version integer not null,
    endorsement bytea not null check (octet_length(endorsement) = 66),
    mac         data.sha256 not null,
    primary key (company_id, holder_kind, holder_id));

-- Of the newest version, since when all whom a rotation can reach hold it.
alter table data.company_key
    add column granted_time timestamptz;

-- A key for an agent who is not there, sealed to his public key.
create type data.agent_grant as (
    token_id    uuid,
    key_id      uuid,                        -- the machine's uuid
    key_version integer,
    wrapped     bytea,
    check_value data.check_value);

-- A machine that comes to a bridge, and its keys for the bridge's agents.
create type data.machine_material as (
    machine_uuid uuid,
    token_ids    uuid[],                     -- all agent tokens of the bridge, also those that can be given nothing
    grants       data.agent_grant[]);

-- A key for whoever has a key pair, sealed to this public key and no other.
create type data.holder_grant as (
    holder_kind text,
    holder_id   uuid,
    public_key  bytea,
    key_kind    text,
    key_id      uuid,
    key_version integer,
    wrapped     bytea,
    check_value data.check_value);

-- A key pair for which the next company key vouches.
create type data.endorsed_pair as (
    holder_kind text,
    holder_id   uuid,
    public_key  bytea,
    key_version integer,
    endorsement bytea,
    mac         data.sha256);

-- A data key under the next company key, if it is still the one that was read.
create type data.rewrapped_vault as (
    vault_record_id bigint,
    old_key         data.wrapped_key,
    new_key         data.wrapped_key);

-- One step of a rotation.
create type data.rotation_material as (
    key_version integer,                     -- to which it goes
    check_value data.check_value,            -- of a company key that this step begins with, else null
    last_read   bigint,                      -- the last vault that was read; null: there are no more
    grants      data.holder_grant[],
    pairs       data.endorsed_pair[],
    strangers   uuid[],                      -- tokens and users whose key pairs nobody vouches for
    vaults      data.rewrapped_vault[],
    unreadable  bigint[]);                   -- vaults that do not open with the key they name

-- Who holds up the end of a rotation, and what helps.
create type data.rotation_hindrance as (
    kind   text,                             -- User, AgentToken, Invitation, RecoveryCode
    name   text,
    advice text);
