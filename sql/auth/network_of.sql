create or replace function auth.network_of(p_address text)
returns text
language plpgsql immutable set search_path = ''
as $$
-- From which network somebody calls, as far as brakes are concerned: an IPv4 address, or the /64 of an IPv6 one, which one
-- customer of a provider has to himself.
--
-- Returns:
--   null when the text is no address
declare
    v_address inet;
begin
    v_address := split_part(p_address, '%', 1);                  -- without the name of the interface
    if v_address <<= inet '::ffff:0:0/96' then
        return regexp_replace(host(v_address), '^.*:', '');      -- an IPv4 address written as one of IPv6
    end if;
    return case when family(v_address) = 4 then host(v_address) else network(set_masklen(v_address, 64))::text end;
exception
    when invalid_text_representation then
        return null;
end;
$$;
