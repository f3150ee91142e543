-- How the audit is read, checked, and kept from being flooded.

create index audit_kind on data.audit (company_id, lower(entity), audit_time desc, audit_id desc);
create index audit_name on data.audit (company_id, lower(entity), lower(entity_name), audit_id desc);
create index audit_transaction on data.audit (company_id, transaction_id);

-- The anchors of one server count its transactions; a dump that is restored elsewhere begins to count anew.
alter table data.audit_anchor
    add column first_time     timestamptz not null,             -- of its oldest row: whether its month may be gone
    add column after_audit_id bigint not null default 0;        -- rows with lower numbers are of an earlier server

-- How many refusals a session has had since its count began; rows go when the count is closed.
create table data.refusal_count (
    company_id     bigint not null references data.company,
    token_id       uuid not null,
    user_id        bigint not null,
    actor          text not null,
    begun_time     timestamptz not null,
    asked_count    integer not null,
    left_out_count bigint not null,
    primary key (company_id, token_id));

-- One row of GetEntityAuditTrace.
create type data.audit_step as (
    action       text,
    details      text,
    performed_by text,
    "timestamp"  timestamptz,
    action_type  text,
    time_ago     text,
    icon_hint    text,
    status       integer);

create type data.audit_summary as (
    entity_type   text,
    entity_name   text,
    entity_id     uuid,
    record_count  integer,
    first_time    timestamptz,
    last_time     timestamptz,
    last_action   text,
    last_actor    text);
