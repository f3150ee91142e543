-- What maintenance.due_schedules answers, its own file says.
drop type data.due_schedule cascade;

-- A row is there before the first run, which may never come: first_time is when a broker first had it among its jobs.
alter table data.sweep
    alter column last_time drop not null;

-- Likewise api.get_dead_letters.
drop type data.listed_dead_letter cascade;
