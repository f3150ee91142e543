-- What care needs to know.

alter table data.lane
    add column idle_time timestamptz;                         -- of a pool: since when a sweep has found nothing in it

-- What is held, lane by lane: for counting, and to see that a lane is empty.
create index queue_item_held_lane on data.queue_item (lane_id)
    where status = 'PENDING' and held is not null;

-- When each procedure of schema maintenance ran, in whichever broker.
create table data.sweep (
    procedure_name text primary key,
    first_time     timestamptz not null,
    last_time      timestamptz not null
) with (fillfactor = 50);
