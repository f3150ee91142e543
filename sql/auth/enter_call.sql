create or replace function auth.enter_call()
returns auth.caller
language plpgsql volatile set search_path = ''
as $$
-- First statement of every procedure of api: who is calling, and whether he may call it.
--
-- Returns:
--   the caller; for a procedure that anyone may call nothing of him but the procedure's name
-- Errors:
--   JB401  no token, or none that is good
--   JB403  the procedure is not among the caller's rights
-- Rules:
--   A session's rights are those of its permission group at sign-in; what belongs to a user's own account, every session may.
--   A group of the company's own may list any name; what only agents may call, it does not give.
--   A session that still awaits its second factor may do little more than show it.
--   The procedure is known from the call stack, so that no procedure can enter under another's name. The stack is told in the
--   server's language, innermost first.
declare
    v_stack     text;
    v_procedure data.procedure;
    v_caller    auth.caller;
    v_allowed   boolean;
begin
    get diagnostics v_stack = pg_context;
    -- From the first `api.` to the next parenthesis, quoted or not. Not by a regular expression: it costs every call 3 % and more.
    select *
    into v_procedure
    from data.procedure as published
    where published.procedure_name = split_part(split_part(replace(v_stack, '"', ''), 'api.', 2), '(', 1);

    if v_procedure.for_anyone then
        v_caller.procedure_name := v_procedure.permission_name;
        return v_caller;
    end if;

    v_caller := auth.identify();
    if v_caller.company_id is null then
        raise exception using errcode = 'JB401',
            message = 'Authentication required: no valid token was sent in the header Rediacc-RequestToken';
    end if;

    v_caller.procedure_name := v_procedure.permission_name;
    v_allowed := case
        when v_caller.user_id is null then v_procedure.for_agents
        when v_caller.awaits_code then v_procedure.for_pending
        when v_procedure.for_sessions then true
        when v_caller.permissions is not null then
            (v_procedure.for_users or v_procedure.for_administrators)
            and v_procedure.permission_name = any(v_caller.permissions)
        when v_caller.permission_group = 'Bridges' then v_procedure.for_agents
        when v_procedure.for_users then true
        else v_procedure.for_administrators and v_caller.permission_group = 'Administrators'
    end;
    if v_allowed then
        return v_caller;
    end if;

    raise exception using errcode = 'JB403', message = case
        when v_caller.awaits_code then 'this session awaits its second factor: call PrivilegeAuthenticationRequest with the code'
        else format('%s may not call %s', v_caller.actor, coalesce(v_procedure.permission_name, 'this procedure'))
    end;
end;
$$;
