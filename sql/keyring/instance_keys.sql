create or replace function keyring.instance_keys()
returns table (
    key_number  integer,
    check_value bytea)
language plpgsql stable security definer set search_path = ''
as $$
-- The instance keys that brokers of this database have worked with: their numbers, and what they are recognised by.
#variable_conflict use_column
begin
    return query
    select known.key_number, known.check_value::bytea
    from data.instance_key as known
    order by known.key_number;
end;
$$;
