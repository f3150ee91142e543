create or replace function data.uuid_v7()
returns uuid
language sql volatile parallel safe set search_path = ''
as $$
-- A time-ordered identifier (RFC 9562, section 5.7), for rows made without the broker. PostgreSQL has uuidv7() from 18 on.
select encode(
    set_bit(set_bit(
        overlay(uuid_send(gen_random_uuid())                                              -- version 4: bits 0100
            placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
            from 1 for 6),
        52, 1), 53, 1),                                                                   -- version 7: bits 0111
    'hex')::uuid;
$$;
