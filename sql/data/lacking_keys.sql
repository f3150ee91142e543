create or replace function data.lacking_keys(p_company_id bigint, p_user_uuid uuid, p_token_id uuid)
returns integer[]
language sql stable set search_path = ''
as $$
-- The versions of the company's key that a session holds and a user, who has a password, does not.
select coalesce(array_agg(held.key_version order by held.key_version), '{}')
from data.held_key as held
where held.company_id = p_company_id
  and held.holder_kind = 'session'
  and held.holder_id = p_token_id
  and held.key_kind = 'company'
  and exists (
      select from data.company_user as person
      where person.company_id = p_company_id
        and person.user_uuid = p_user_uuid
        and person.verifier is not null)
  and not exists (
      select from data.held_key as own
      where own.company_id = p_company_id
        and own.holder_kind = 'user'
        and own.holder_id = p_user_uuid
        and own.key_kind = 'company'
        and own.key_version = held.key_version);
$$;
