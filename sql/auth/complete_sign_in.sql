create or replace function auth.complete_sign_in(p_caller auth.caller, p_token_id uuid, p_time timestamptz)
returns void
language plpgsql volatile set search_path = ''
as $$
-- Keep that the caller has shown all that it takes: in his account, in the audit; what failed before is forgotten.
declare
    v_token  data.token;
    v_bridge text;
begin
    update data.company_user as person
    set last_sign_in_time = p_time
    where person.company_id = p_caller.company_id
      and person.user_id = p_caller.user_id;
    perform auth.forget_failures(p_caller.actor);

    select token.*
    into v_token
    from data.token as token
    where token.company_id = p_caller.company_id
      and token.token_id = p_token_id;
    select ', for bridge ' || bridge.bridge_name
    into v_bridge
    from data.bridge as bridge
    where bridge.company_id = p_caller.company_id
      and bridge.bridge_id = v_token.target_bridge_id;
    perform auth.audit(
        p_caller, p_time, 'SignedIn', 'Session', p_token_id, v_token.token_name,
        format('session %s with the rights of %s%s', v_token.request_id, v_token.permissions_name, v_bridge));
end;
$$;
