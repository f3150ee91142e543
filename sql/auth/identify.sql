create or replace function auth.identify()
returns auth.caller
language plpgsql volatile set search_path = ''
as $$
-- Who is calling: the holder of the token whose digest the broker set for this transaction, or the user as whom a SQL admin acts.
--
-- Returns:
--   the caller; all null when there is neither
-- Errors:
--   JB401  the token is unknown, expired, idle for too long, or its user is deactivated
-- Rules:
--   The token's digest is the only setting that is read. Nobody can say who he is, only show what he holds.
declare
    v_token_hash  text := nullif(current_setting('broker.token_hash', true), '');
    v_now         timestamptz;
    v_caller      auth.caller;
    v_last_used   timestamptz;
    v_good        boolean;
    c_touch_after constant interval := interval '1 minute';      -- a write per call would cost a commit per poll
begin
    if v_token_hash is null then
        select acting.company_id, company.company_uuid, company.plan, acting.user_id,
               acting.session_role || ' as ' || person.email, person.permission_group,
               auth.rights_of(person.company_id, person.group_id)
        into v_caller.company_id, v_caller.company_uuid, v_caller.plan, v_caller.user_id, v_caller.actor,
             v_caller.permission_group, v_caller.permissions
        from data.impersonation as acting
        join data.company as company on company.company_id = acting.company_id
        join data.company_user as person on person.company_id = acting.company_id and person.user_id = acting.user_id
        where acting.transaction_id = pg_current_xact_id_if_assigned()
          -- Numbers of transactions begin anew where a dump is restored: an old row must not speak for a new transaction.
          and acting.session_role = session_user
          and acting.started_time >= transaction_timestamp();
        return v_caller;
    end if;

    -- Only keys among the conditions: few tokens are read by when they expire, if that is one.
    v_now := data.clock();
    select token.company_id, company.company_uuid, company.plan, token.token_id, token.user_id, token.machine_id,
           token.bridge_id, coalesce(person.email, 'agent ' || token.token_name), token.permission_group, token.permissions,
           token.target_bridge_id, token.awaits_code, token.last_used_time,
           token.expires_time > v_now
               -- Sessions only: an agent's token expires, no more.
               and (token.kind = 'agent' or token.last_used_time > v_now - data.idle_limit())
               and person.deactivated_time is null
    into v_caller.company_id, v_caller.company_uuid, v_caller.plan, v_caller.token_id, v_caller.user_id, v_caller.machine_id,
         v_caller.bridge_id, v_caller.actor, v_caller.permission_group, v_caller.permissions, v_caller.target_bridge_id,
         v_caller.awaits_code, v_last_used, v_good
    from data.token_company as route
    join data.token as token on token.company_id = route.company_id and token.token_id = route.token_id
    join data.company as company on company.company_id = token.company_id
    left join data.company_user as person on person.company_id = token.company_id and person.user_id = token.user_id
    where route.token_hash = decode(v_token_hash, 'hex');

    if v_good is not true then
        raise exception using errcode = 'JB401',
            message = 'Authentication required: no valid token was sent in the header Rediacc-RequestToken';
    end if;

    if v_last_used < v_now - c_touch_after then
        -- Skipping a locked row keeps parallel calls of one token from queueing behind this bookkeeping.
        update data.token as token
        set last_used_time = v_now
        where token.company_id = v_caller.company_id
          and token.token_id = (
              select due.token_id
              from data.token as due
              where due.company_id = v_caller.company_id
                and due.token_id = v_caller.token_id
                and due.last_used_time < v_now - c_touch_after
              for update skip locked);
    end if;
    return v_caller;
end;
$$;
