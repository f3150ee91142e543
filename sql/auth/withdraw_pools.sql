create or replace function auth.withdraw_pools(p_company_id bigint, p_team_id bigint)
returns void
language sql volatile set search_path = ''
as $$
-- Take the key of a team's pool from the agents that hold the key of none of its machines any more.
delete from data.held_key as held
using data.team as team
where held.company_id = p_company_id
  and held.holder_kind = 'agent'
  and held.key_kind = 'team'
  and held.key_id = team.team_uuid
  and team.company_id = p_company_id
  and team.team_id = p_team_id
  and not exists (
      select from data.held_key as own
      join data.machine as machine on machine.company_id = own.company_id and machine.machine_uuid = own.key_id
      where own.company_id = p_company_id
        and own.holder_kind = 'agent'
        and own.holder_id = held.holder_id
        and own.key_kind = 'machine'
        and machine.team_id = p_team_id);
$$;
