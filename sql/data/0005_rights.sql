-- Rights: what a session may call. The built-in groups Administrators, Users and Bridges are read from the headers of the
-- procedures (data.procedure) and belong to every company; groups that a company makes itself list their permissions here.

-- The name of a procedure, also of one that is not built: existing clients name theirs.
create domain data.permission_name as text
    check (value ~ '^[A-Z][A-Za-z0-9]{2,99}$');

create table data.rights_group (
    company_id   bigint not null references data.company,
    group_id     bigint generated always as identity,
    group_name   data.entity_name not null,
    created_time timestamptz not null,
    primary key (company_id, group_id));

create unique index rights_group_name on data.rights_group (company_id, lower(group_name));

create table data.group_permission (
    company_id      bigint not null,
    group_id        bigint not null,
    permission_name data.permission_name not null,
    primary key (company_id, group_id, permission_name),
    foreign key (company_id, group_id) references data.rights_group on delete cascade);

-- Of a group of the company's own; permission_group is Users then, and says nothing.
alter table data.company_user
    add column group_id bigint,
    add foreign key (company_id, group_id) references data.rights_group;

create index company_user_group on data.company_user (company_id, group_id) where group_id is not null;

alter table data.procedure
    add column permission_name data.permission_name not null default 'Unknown',
    add column for_sessions    boolean not null default false,      -- of any user, whatever his rights
    add column for_pending     boolean not null default false;      -- also while the second factor is awaited
