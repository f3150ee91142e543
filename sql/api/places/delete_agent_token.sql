create or replace function api.delete_agent_token(p_agent_token_id uuid)
returns table (
    agent_token_id uuid,
    name           text,
    result         text)
language plpgsql volatile security definer set search_path = ''
as $$
-- End an agent token at once.
--
-- Callers: administrators
-- Arguments:
--   agentTokenId  from CreateAgentToken or GetAgentTokens
-- Returns:
--   1: the token that was ended, one row
-- Errors:
--   JB403  the caller is no administrator
--   JB404  the company has no such token, or it is of a machine of a team that is not the caller's
-- Rules:
--   The agent's next call is refused; what it has claimed goes back when its lease ends.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_name   text;
begin
    select token.token_name
    into v_name
    from data.token as token
    left join data.machine as machine on machine.company_id = token.company_id and machine.machine_id = token.machine_id
    where token.company_id = v_caller.company_id
      and token.token_id = p_agent_token_id
      and token.kind = 'agent'
      and (token.machine_id is null or auth.may_use_machine(v_caller, machine.team_id, machine.machine_id))
    for update of token;
    if not found then
        raise exception using errcode = 'JB404', message = format('agent token %s not found', p_agent_token_id);
    end if;

    perform data.end_token(v_caller.company_id, p_agent_token_id);
    perform auth.audit(v_caller, data.clock(), 'Deleted', 'AgentToken', p_agent_token_id, v_name);

    return query
    select p_agent_token_id, v_name, 'agent token ended';
end;
$$;
