-- Who did what: a row for each administrative change, in the change's own transaction, and for each refusal. The engine's
-- own steps are events of their item. Append-only, by month, dropped whole (DESIGN 7.5). Never a vault, never a token.

create table data.audit (
    company_id     bigint not null,
    audit_id       bigint generated always as identity,
    audit_time     timestamptz not null,
    transaction_id xid8 not null,                       -- anchors take only what can get no younger rows before it
    user_id        bigint,
    actor          text not null,
    procedure_name text,
    status         integer not null,                    -- 0, or the HTTP status of a refusal
    action         text not null,                       -- Created, Updated, Renamed, Deleted, Refused, ...
    entity         text not null,                       -- Company, User, Team, Bridge, Machine, Session, ...
    entity_uuid    uuid,
    entity_name    text,
    details        text,
    request_id     text,
    address        text
) partition by range (audit_time);

create index audit_time on data.audit (company_id, audit_time desc, audit_id desc);
create index audit_entity on data.audit (company_id, entity_uuid, audit_id desc) where entity_uuid is not null;

create table data.audit_default partition of data.audit default;

-- Each says what had been written when: tampering with older rows shows, and nothing is serialised.
create table data.audit_anchor (
    company_id     bigint not null references data.company,
    anchor_id      bigint generated always as identity,
    anchor_time    timestamptz not null,
    before_xid     xid8 not null,                       -- rows of older transactions, and not in the anchor before
    row_count      bigint not null,
    digest         data.sha256 not null,                -- over the digest before and the rows since
    primary key (company_id, anchor_id));
