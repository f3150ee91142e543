create or replace function keyring.record_instance_key(p_number integer, p_check_value bytea)
returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
-- Keep what an instance key is recognised by, when its number is new here.
--
-- Returns:
--   whether the number belongs to this key; of brokers that bring different ones at once, the first has it
declare
    v_check_value data.check_value;
begin
    insert into data.instance_key (key_number, check_value, recorded_time)
    values (p_number, p_check_value, data.clock())
    on conflict do nothing;

    select known.check_value
    into v_check_value
    from data.instance_key as known
    where known.key_number = p_number;
    return v_check_value = p_check_value;
end;
$$;
