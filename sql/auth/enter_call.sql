create or replace function auth.enter_call()
returns auth.caller
language plpgsql volatile set search_path = ''
as $$
-- First statement of every procedure of api: who is calling, and whether he may call it.
--
-- Returns:
--   the caller; all null for a procedure that anyone may call
-- Errors:
--   JB401  no token, or none that is good
--   JB403  the procedure is not among the caller's rights
-- Rules:
--   A session's rights are those of its permission group at sign-in. The procedure is known from the call stack, so that no
--   procedure can enter under another's name. The stack is told in the server's language, innermost first.
declare
    v_stack     text;
    v_procedure data.procedure;
    v_caller    auth.caller;
    v_group     data.permission_group;
begin
    get diagnostics v_stack = pg_context;
    -- From the first `api.` to the next parenthesis, quoted or not. Not by a regular expression: it costs every call 3 % and more.
    select *
    into v_procedure
    from data.procedure as published
    where published.procedure_name = split_part(split_part(replace(v_stack, '"', ''), 'api.', 2), '(', 1);

    if v_procedure.for_anyone then
        return v_caller;
    end if;

    v_caller := auth.identify();
    if v_caller.company_id is null then
        raise exception using errcode = 'JB401',
            message = 'Authentication required: no valid token was sent in the header Rediacc-RequestToken';
    end if;

    if v_caller.user_id is null then
        if v_procedure.for_agents then
            return v_caller;
        end if;
    elsif v_procedure.for_users then
        return v_caller;
    elsif v_procedure.for_administrators then
        select coalesce(token.permission_group, person.permission_group)
        into v_group
        from data.company_user as person
        left join data.token as token on token.company_id = person.company_id and token.token_id = v_caller.token_id
        where person.company_id = v_caller.company_id
          and person.user_id = v_caller.user_id;
        if v_group = 'Administrators' then
            return v_caller;
        end if;
    end if;

    raise exception using errcode = 'JB403',
        message = format('%s may not call %s', v_caller.actor, replace(initcap(replace(
            coalesce(v_procedure.procedure_name, 'this procedure'), '_', ' ')), ' ', ''));
end;
$$;
