create or replace function api.get_team_flows(
    p_team_name      text,
    p_max_records    integer default 50,
    p_before_flow_id uuid default null,
    out flows        data.listed_flow[],
    out total        integer)
language plpgsql volatile security definer set search_path = ''
as $$
-- List the flows of a team, the newest first.
--
-- Callers: users
-- Arguments:
--   teamName      a team of the caller
--   maxRecords    1 to 100, default 50
--   beforeFlowId  only flows that are older than this one, to go on after an answer
-- Returns:
--   1: the flows
--   total: how many the team has, counted up to 10,000
-- Errors:
--   JB400  maxRecords is out of range
--   JB403  the team is not the caller's
--   JB404  the company has no such team
-- Rules:
--   The requesting user must be a member of the specified team.
declare
    v_caller  auth.caller := auth.enter_call();
    v_team    data.team := auth.require_team(v_caller, p_team_name);
    v_flow_id uuid := coalesce(p_before_flow_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
    v_shown   record;
begin
    if p_max_records not between 1 and 100 then
        raise exception using errcode = 'JB400', message = format('maxRecords is %s: 1 to 100 are possible', p_max_records);
    end if;

    flows := array[]::data.listed_flow[];
    while cardinality(flows) < p_max_records loop
        v_flow_id := queue.next_flow(v_caller.company_id, v_team.team_id, v_flow_id);
        exit when v_flow_id is null;
        v_shown := queue.show_flow(v_caller.company_id, v_team.team_id, v_flow_id);
        flows := flows || v_shown.flow;
    end loop;

    total := 0;
    v_flow_id := 'ffffffff-ffff-ffff-ffff-ffffffffffff';
    while total < 10000 loop
        v_flow_id := queue.next_flow(v_caller.company_id, v_team.team_id, v_flow_id);
        exit when v_flow_id is null;
        total := total + 1;
    end loop;
end;
$$;
