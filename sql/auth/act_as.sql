create or replace function auth.act_as(p_email text, p_reason text)
returns text
language plpgsql volatile security definer set search_path = ''
as $$
-- Open the rest of this transaction as a user: begin; select auth.act_as('ann@acme.example', 'ticket 12'); ...; commit;
--
-- Arguments:
--   email   the user
--   reason  why; kept with the transaction's id and the role that signed in
-- Returns:
--   a sentence that says who acts as whom
-- Errors:
--   JB400  no reason
--   JB404  there is no active user of that e-mail
--   JB409  this transaction acts as somebody already
-- Rules:
--   Procedures that need a key refuse: an admin of the database holds none.
declare
    v_user   data.company_user;
    v_now    timestamptz := data.clock();
    v_caller auth.caller;
begin
    if coalesce(btrim(p_reason), '') = '' then
        raise exception using errcode = 'JB400', message = 'a reason is needed: auth.act_as(e-mail, reason)';
    end if;

    select person.*
    into v_user
    from data.email_address as address
    join data.company_user as person on person.company_id = address.company_id and person.user_id = address.user_id
    where address.email = lower(p_email)
      and person.activated_time is not null
      and person.deactivated_time is null;
    if not found then
        raise exception using errcode = 'JB404', message = format('user %s not found, or not active', p_email);
    end if;

    insert into data.impersonation (transaction_id, company_id, user_id, session_role, reason, started_time)
    values (pg_current_xact_id(), v_user.company_id, v_user.user_id, session_user, p_reason, v_now)
    on conflict do nothing;
    if not found then
        raise exception using errcode = 'JB409', message = 'this transaction acts as a user already; commit or roll back first';
    end if;

    v_caller.company_id := v_user.company_id;
    v_caller.user_id := v_user.user_id;
    v_caller.actor := session_user || ' as ' || v_user.email;
    v_caller.procedure_name := 'auth.act_as';
    perform auth.audit(v_caller, v_now, 'ActedAs', 'User', v_user.user_uuid, v_user.email, p_reason);
    return format('%s acts as %s until this transaction ends', session_user, v_user.email);
end;
$$;
