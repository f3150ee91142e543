create or replace function auth.require_all_keys(
    p_company_id  bigint,
    p_holder_kind text,
    p_holder_id   uuid,
    p_grants      data.key_grant[])
returns void
language plpgsql volatile set search_path = ''
as $$
-- Before the keys of a holder are replaced, or made from his: what he can open today must be among the new ones.
--
-- Errors:
--   JB503  the broker worked with fewer: a rotation has just granted more
begin
    if exists (
        select from data.held_key as held
        where held.company_id = p_company_id
          and held.holder_kind = p_holder_kind
          and held.holder_id = p_holder_id
          and held.key_kind = 'company'
          and not exists (
              select from unnest(p_grants) as given
              where given.key_version = held.key_version)) then
        raise exception using errcode = 'JB503',
            message = 'the company''s key was rotated during the call: repeat it, or sign in again first';
    end if;
end;
$$;
