create or replace function queue.schedule_hindrance(p_schedule data.schedule)
returns text
language plpgsql stable set search_path = ''
as $$
-- Why a schedule cannot make items any more, though nobody has deleted it; null: it can. Its queue is there: DeleteQueue refuses
-- while a schedule uses it.
begin
    return (
        select format('machine %s was deleted', machine.removed_name)
        from data.machine as machine
        where machine.company_id = p_schedule.company_id
          and machine.machine_id = p_schedule.machine_id
          and machine.removed_time is not null);
end;
$$;
