create or replace function data.principal_of(p_company_id bigint, p_holder_kind text, p_holder_id uuid)
returns bytea
language plpgsql stable set search_path = ''
as $$
-- A holder's key pair as the broker reads it: the attributes of data.principal_material one after the other, each of known
-- length; null when he has none.
begin
    return (
        select principal.public_key || principal.wrapped || principal.check_value || int4send(principal.key_version)
               || principal.endorsement || principal.mac
        from data.principal_key as principal
        where principal.company_id = p_company_id
          and principal.holder_kind = p_holder_kind
          and principal.holder_id = p_holder_id);
end;
$$;
