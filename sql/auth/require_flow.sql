create or replace function auth.require_flow(p_caller auth.caller, p_flow_id uuid, p_team_name text)
returns bigint
language plpgsql stable set search_path = ''
as $$
-- The team of a flow, if it is the caller's.
--
-- Errors:
--   JB403  the team named is not the caller's
--   JB404  there is no such team; no such flow, not of that team, or not the caller's: one text for all
declare
    v_team     data.team;
    v_team_ids bigint[];
    v_team_id  bigint;
begin
    if p_team_name is not null then
        v_team := auth.require_team(p_caller, p_team_name);
        v_team_ids := array[v_team.team_id];
    else
        v_team_ids := auth.named_teams(p_caller, null);
    end if;

    select mine.team_id
    into v_team_id
    from unnest(v_team_ids) as mine (team_id)
    cross join lateral (
        select item.queue_id
        from data.queue_item as item
        where item.company_id = p_caller.company_id
          and item.team_id = mine.team_id
          -- As a range in order, which only the index of flows gives.
          and item.flow_id between p_flow_id and p_flow_id
        order by item.flow_id
        limit 1) as found
    limit 1;
    if v_team_id is null then
        raise exception using errcode = 'JB404', message = format('flow %s not found', p_flow_id);
    end if;
    return v_team_id;
end;
$$;
