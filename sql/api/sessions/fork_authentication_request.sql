create or replace function api.fork_authentication_request(
    p_child_name             data.entity_name,
    p_fork_material          data.fork_material,
    p_token_expiration_hours integer default null)
returns table (
    next_request_token    data.revealed,
    token_expiration      timestamptz,
    expiration_hours      integer,
    vault_company         text,
    is_authorized         boolean,
    authentication_status text,
    parent_request_id     bigint)
language plpgsql volatile security definer set search_path = ''
as $$
-- Open a child of the session that makes this call: a session for a program of one's own.
--
-- Callers: sessions
-- Ceremony: fork
-- Arguments:
--   childName             a name by which its owner knows the child again
--   tokenExpirationHours  how long the child may last, 1 to 8760; as long as its parent if it is left out or more
-- Returns:
--   1: the child, one row; its token is shown here and nowhere else
-- Errors:
--   JB400  tokenExpirationHours is out of range
--   JB401  the session was ended during the call
--   JB403  the caller came without the broker, and holds no key
--   JB503  the company's keys were changed during the call
-- Rules:
--   The child may call what its parent may, and speaks for the same bridge.
--   It ends with its parent, also when that is ended before its time.
#variable_conflict use_column
declare
    v_caller  auth.caller := auth.enter_call();
    v_now     timestamptz := data.clock();
    v_child   data.token_material := (p_fork_material).token;
    v_parent  data.token;
    v_expires timestamptz;
    v_number  bigint;
begin
    if p_token_expiration_hours not between 1 and 8760 then
        raise exception using errcode = 'JB400', message = format(
            'tokenExpirationHours is %s: 1 hour to 8760 (a year) are possible', p_token_expiration_hours);
    end if;
    perform auth.require_keys(v_caller, v_child.token_id);

    -- With all its ancestors: whoever ends one of them has to see the child, or the child its end.
    perform from data.token as token
    where token.company_id = v_caller.company_id
      and token.token_id in (
          with recursive ancestors (token_id, parent_token_id) as (
              select own.token_id, own.parent_token_id
              from data.token as own
              where own.company_id = v_caller.company_id
                and own.token_id = v_caller.token_id
              union
              select above.token_id, above.parent_token_id
              from ancestors
              join data.token as above
                  on above.company_id = v_caller.company_id and above.token_id = ancestors.parent_token_id)
          select ancestors.token_id from ancestors)
    order by token.created_time
    for key share;
    select token.*
    into v_parent
    from data.token as token
    where token.company_id = v_caller.company_id
      and token.token_id = v_caller.token_id;
    if not found then
        raise exception using errcode = 'JB401',
            message = 'Authentication required: no valid token was sent in the header Rediacc-RequestToken';
    end if;

    v_expires := least(v_parent.expires_time, v_now + make_interval(hours => p_token_expiration_hours));
    v_number := data.store_token(
        v_caller.company_id, 'session', v_child, p_child_name, v_expires, v_now, v_caller.user_id,
        p_user_id => v_caller.user_id,
        p_permission_group => v_parent.permission_group,
        p_permissions => v_parent.permissions,
        p_permissions_name => v_parent.permissions_name,
        p_target_bridge_id => v_parent.target_bridge_id,
        p_parent_token_id => v_parent.token_id);
    perform auth.audit(
        v_caller, v_now, 'Forked', 'Session', v_child.token_id, p_child_name,
        format('session %s, child of session %s', v_number, v_parent.request_id));

    return query
    select null::data.revealed, v_expires, ceil(extract(epoch from v_expires - v_now) / 3600)::integer, null::text, true,
           'AUTHORIZED', v_parent.request_id;
end;
$$;
