create or replace function queue.named_machine(p_company_id bigint, p_team_ids bigint[], p_machine_name text)
returns bigint
language plpgsql stable set search_path = ''
as $$
-- The machine of that name in one of these teams; null without a name.
--
-- Errors:
--   JB404  it is in none of them
declare
    v_machine_id bigint;
begin
    if p_machine_name is null then
        return null;
    end if;
    select machine.machine_id
    into v_machine_id
    from data.machine as machine
    where machine.company_id = p_company_id
      and lower(machine.machine_name) = lower(p_machine_name)
      and machine.team_id = any(p_team_ids);
    if not found then
        raise exception using errcode = 'JB404', message = format('machine %s not found in these teams', left(p_machine_name, 100));
    end if;
    return v_machine_id;
end;
$$;
