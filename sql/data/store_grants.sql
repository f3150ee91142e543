create or replace function data.store_grants(
    p_company_id  bigint,
    p_holder_kind text,
    p_holder_id   uuid,
    p_grants      data.key_grant[])
returns void
language sql volatile set search_path = ''
as $$
-- Keep the keys that a holder was given; those that he held before are gone.
delete from data.held_key as held
where held.company_id = p_company_id
  and held.holder_kind = p_holder_kind
  and held.holder_id = p_holder_id;

insert into data.held_key (company_id, holder_kind, holder_id, key_kind, key_id, key_version, wrapped, check_value)
select p_company_id, p_holder_kind, p_holder_id, given.key_kind, given.key_id, given.key_version, given.wrapped, given.check_value
from unnest(p_grants) as given;
$$;
