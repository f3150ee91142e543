create or replace function data.drop_months(p_table text, p_time_column text, p_since timestamptz)
returns integer
language plpgsql volatile set search_path = ''
as $$
-- Drop the months of a partitioned table that have ended before a time, and what its default partition holds of them.
--
-- Arguments:
--   time_column  by which the table is partitioned
-- Returns:
--   how many months
-- Rules:
--   The first month that cannot be had within lock_timeout, and what is younger, stays for the next time; those before it are gone.
declare
    v_name  text;
    v_count integer := 0;
begin
    -- First: once a month is dropped, everybody waits for the end of this transaction.
    execute format('delete from data.%I where %I < $1', p_table || '_default', p_time_column) using p_since;

    for v_name in
        select partition.relname
        from pg_inherits as child
        join pg_class as partition on partition.oid = child.inhrelid
        where child.inhparent = format('data.%I', p_table)::regclass
          and partition.relname ~ ('^' || p_table || '_\d{4}_\d{2}$')
          and partition.relname < p_table || to_char(p_since at time zone 'UTC', '_YYYY_MM')
        order by partition.relname
    loop
        begin
            execute format('drop table data.%I', v_name);
        exception
            when lock_not_available then
                exit;
        end;
        v_count := v_count + 1;
    end loop;
    return v_count;
end;
$$;
