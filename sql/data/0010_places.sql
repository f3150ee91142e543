-- Machines that were removed, what agents say of machines, and what every company has from its beginning.

create type data.management_mode as enum ('Local', 'Cloud');

-- Made with its company: it can be renamed, but not deleted.
alter table data.team
    add column is_built_in boolean not null default false;

alter table data.bridge
    add column is_global       boolean not null default false,      -- made with its company
    add column management_mode data.management_mode not null default 'Local';

update data.team
set is_built_in = true
where team_name = 'Private Team';

update data.bridge
set is_global = true,
    management_mode = 'Cloud'
where bridge_name = 'Global Bridges';

-- The row of a removed machine stays, for its finished items are kept. It has neither team nor bridge nor name any more, so no
-- look-up by one of them finds it, and its name is free.
alter table data.machine
    alter column machine_name drop not null,
    alter column team_id drop not null,
    alter column bridge_id drop not null,
    add column machine_status      data.note,           -- as somebody last said it, in the clear
    add column machine_status_time timestamptz,
    add column removed_name        data.entity_name,
    add column removed_time        timestamptz,
    add check (num_nonnulls(machine_name, team_id, bridge_id) = case when removed_time is null then 3 else 0 end),
    add check (num_nonnulls(removed_name, removed_time) in (0, 2));
