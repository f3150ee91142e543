create or replace function api.update_user_to_activated(
    p_user_email       text,
    p_regrant_material data.regrant_material)
returns table (
    user_email text,
    result     text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Let a deactivated user in again, with the password, teams and rights that he had.
--
-- Callers: administrators
-- Ceremony: reactivation
-- Arguments:
--   userEmail  a user of the company
-- Returns:
--   1: the user, one row
-- Errors:
--   JB403  there is no key to give, or the user is an administrator, and the caller is none
--   JB404  the company has no such user
--   JB409  the user is not deactivated; or the company's key was rotated while he was away, and his key pair cannot be verified
-- Rules:
--   Keys that came while he was away are granted to him, sealed to the key pair that the company vouches for.
--   Who was never activated needs his code as before.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_user   data.company_user;
begin
    perform auth.require_keys(v_caller, v_caller.token_id);
    v_user := auth.require_user(v_caller, p_user_email);
    if v_user.deactivated_time is null then
        raise exception using errcode = 'JB409', message = format('user %s is not deactivated', v_user.email);
    end if;

    insert into data.held_key (company_id, holder_kind, holder_id, key_kind, key_id, key_version, wrapped, check_value)
    select v_caller.company_id, 'user', v_user.user_uuid, given.key_kind, given.key_id, given.key_version, given.wrapped,
           given.check_value
    from unnest(p_regrant_material.grants) as given
    join data.company_key as living on living.company_id = v_caller.company_id and living.key_version = given.key_version
    where p_regrant_material.user_uuid = v_user.user_uuid
    on conflict do nothing;
    if cardinality(data.lacking_keys(v_caller.company_id, v_user.user_uuid, v_caller.token_id)) > 0 then
        raise exception using errcode = 'JB409', message = format(
            'user %s cannot be let in with the password he had: the company''s key was rotated while he was away, and his key pair '
            'cannot be verified; invite him again with CreateUserInvitation', v_user.email);
    end if;

    -- What slipped in beside his deactivation.
    perform data.end_sessions(v_user.company_id, v_user.user_id);
    update data.company_user as person
    set deactivated_time = null
    where person.company_id = v_user.company_id
      and person.user_id = v_user.user_id;
    perform auth.audit(v_caller, v_now, 'Activated', 'User', v_user.user_uuid, v_user.email);

    return query
    select v_user.email::text, format('user %s activated', v_user.email);
end;
$$;
