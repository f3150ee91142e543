create or replace function keyring.record_instance_key(p_number integer, p_check_value bytea)
returns boolean
language plpgsql volatile security definer set search_path = ''
as $$
-- Keep what an instance key is recognised by, when its number is the next one here.
--
-- Returns:
--   whether the number belongs to this key; of brokers that bring different ones at once, the first has it
-- Rules:
--   What was kept stays. A number beyond the next one is not kept: who could reserve one would keep the key out that gets it later.
--   The first key of a database may have any number: older ones of its keyring are of no use to it.
declare
    v_last        integer;
    v_check_value data.check_value;
begin
    lock table data.instance_key in share row exclusive mode;
    select max(known.key_number)
    into v_last
    from data.instance_key as known;

    insert into data.instance_key (key_number, check_value, recorded_time)
    select p_number, p_check_value, data.clock()
    where p_number > 0
      and p_number = coalesce(v_last + 1, p_number);

    select known.check_value
    into v_check_value
    from data.instance_key as known
    where known.key_number = p_number;
    return coalesce(v_check_value = p_check_value, false);
end;
$$;
