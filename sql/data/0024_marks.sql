-- Where a claim begins to look.
--
-- Rows that were claimed stay in the index of what waits until VACUUM may take them away, which a snapshot that is held
-- open forbids: every claim would pass by all of them. A lane's mark says that nothing waits before it.

alter table data.lane
    add column mark bigint not null default 0;                -- no item in line has a smaller queue id

alter type data.open_lane add attribute mark bigint;
