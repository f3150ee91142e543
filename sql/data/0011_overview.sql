-- Rows of the overviews of a company: its dashboard and its graph.

create type data.company_overview as (
    company_name   text,
    plan           data.plan,
    created_time   timestamptz,
    user_requests_blocked boolean,
    "time"         timestamptz);

create type data.plan_use as (
    resource       text,                 -- teams, users, regions, bridges, machines, permission groups
    use_count      bigint,
    use_limit      integer,              -- null: as many as one likes
    is_reached     boolean);

create type data.state_count as (
    status         data.queue_status,
    item_count     bigint);

create type data.team_overview as (
    team_name      text,
    is_member      boolean,
    member_count   bigint,
    machine_count  bigint,
    pending_count  bigint,               -- null, as the two below: of a team into which the caller may not look
    running_count  bigint,
    stale_count    bigint);

create type data.bridge_overview as (
    bridge_name       text,
    region_name       text,
    machine_count     bigint,
    last_contact_time timestamptz);      -- null: never

create type data.machine_overview as (
    machine_name      text,
    team_name         text,
    bridge_name       text,
    pending_count     bigint,
    running_count     bigint,
    stale_count       bigint,
    last_contact_time timestamptz);      -- of its own agent or its bridge's; null: never

create type data.graph_node as (
    node_id        uuid,
    node_type      text,                 -- Company, Region, Bridge, Machine, Team, User
    node_name      text);

create type data.graph_edge as (
    from_node      uuid,
    to_node        uuid,
    edge_type      text);                -- what the first does: has, serves, owns, joins

-- What waits and runs on a machine.
create type data.machine_work as (
    machine_id       bigint,
    machine_name     text,
    team_id          bigint,
    bridge_id        bigint,
    pending_count    bigint,
    assigned_count   bigint,
    processing_count bigint,
    cancelling_count bigint,
    stale_count      bigint);
