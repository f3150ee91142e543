-- What else is kept of groups of people.

-- By which audit rows know a group that may be gone.
alter table data.rights_group
    add column group_uuid uuid not null default gen_random_uuid(),
    add unique (company_id, group_uuid);

alter table data.rights_group alter column group_uuid drop default;
