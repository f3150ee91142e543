create or replace function data.clock()
returns timestamptz
language sql volatile parallel safe
as $$
-- The time, as everything in the broker knows it.
--
-- Rules:
--   Nothing else reads a clock; a call reads it once, into a variable. The tests replace this function to move time.
select clock_timestamp();
$$;
