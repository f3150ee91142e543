create or replace function data.add_grants(p_company_id bigint, p_key_kind text, p_grants data.agent_grant[])
returns void
language sql volatile set search_path = ''
as $$
-- Give agents keys of machines, or of teams, beside those that they hold; a version that a rotation has just ended is left out.
insert into data.held_key (company_id, holder_kind, holder_id, key_kind, key_id, key_version, wrapped, check_value)
select p_company_id, 'agent', given.token_id, p_key_kind, given.key_id, given.key_version, given.wrapped, given.check_value
from unnest(p_grants) as given
join data.company_key as living on living.company_id = p_company_id and living.key_version = given.key_version
for key share of living
on conflict do nothing;
$$;
