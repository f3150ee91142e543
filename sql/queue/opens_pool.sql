create or replace function queue.opens_pool(p_machine data.machine, p_now timestamptz)
returns boolean
language sql stable set search_path = ''
as $$
-- Whether an agent of this machine, or one of its bridge, holds the key of its team's pool: its token has not expired, and was made
-- to serve pools. A user's session may take from the pool for the machine all the same.
select exists (
    select
    from data.token as token
    join data.team as team on team.company_id = p_machine.company_id and team.team_id = p_machine.team_id
    join data.held_key as held
        on held.company_id = token.company_id and held.holder_kind = 'agent' and held.holder_id = token.token_id
           and held.key_kind = 'team' and held.key_id = team.team_uuid
    where token.company_id = p_machine.company_id
      and token.kind = 'agent'
      and token.expires_time > p_now
      and (token.machine_id = p_machine.machine_id or token.bridge_id = p_machine.bridge_id));
$$;
