-- What agents are given of pools, and what is told of machines.

-- Of an agent: whether it serves the pools of its machines' teams, and so is given their keys. Tokens made earlier hold none.
alter table data.token
    add column pools boolean not null default false;

create domain data.heartbeat_seconds as integer
    check (value between 1 and 3600);

create domain data.slot_count as integer
    check (value between 1 and 1000);

create domain data.agent_version as text
    check (char_length(value) between 1 and 100);

create type data.machine_health as enum ('ONLINE', 'OFFLINE', 'DEAF', 'NEVER_SEEN', 'PAUSED', 'DRAINING');

create index queue_item_held_pool on data.queue_item (team_id)
    where status = 'PENDING' and held is not null and machine_id is null;

-- What the broker wants of an agent.
create type data.agent_orders as (
    heartbeat_seconds integer,
    drain             boolean,               -- take no new work
    paused            boolean,               -- likewise, for a while
    stop              boolean,               -- end when nothing is in hand
    register          boolean);              -- a machine of which its agent has said nothing yet
