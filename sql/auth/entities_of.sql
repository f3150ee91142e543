create or replace function auth.entities_of(p_company_id bigint)
returns table (
    entity_type     text,
    entity_id       bigint,
    entity_name     text,
    entity_uuid     uuid,
    vault_record_id bigint)
language sql stable
as $$
-- Everything of a company that has a vault of its own: the company, users, teams, regions, bridges, machines. Inlined: no
-- search_path.
select 'Company', company.company_id, company.company_name::text, company.company_uuid, company.vault_record_id
from data.company as company
where company.company_id = p_company_id
union all
select 'User', person.user_id, person.email::text, person.user_uuid, person.vault_record_id
from data.company_user as person
where person.company_id = p_company_id
  and person.removed_time is null
union all
select 'Team', team.team_id, team.team_name::text, team.team_uuid, team.vault_record_id
from data.team as team
where team.company_id = p_company_id
union all
select 'Region', region.region_id, region.region_name::text, region.region_uuid, region.vault_record_id
from data.region as region
where region.company_id = p_company_id
union all
select 'Bridge', bridge.bridge_id, bridge.bridge_name::text, bridge.bridge_uuid, bridge.vault_record_id
from data.bridge as bridge
where bridge.company_id = p_company_id
union all
select 'Machine', machine.machine_id, machine.machine_name::text, machine.machine_uuid, machine.vault_record_id
from data.machine as machine
where machine.company_id = p_company_id
  and machine.removed_time is null
$$;
