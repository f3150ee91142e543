create or replace function api.create_new_user(
    p_new_user_email      data.email,
    p_invitation_material data.invitation_material,
    p_language_preference data.entity_name default null)
returns table (
    user_email          text,
    result              text,
    language_preference text,
    activation_code     data.revealed,
    created_by          text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Invite a user into the caller's company; with the activation code he sets his password.
--
-- Callers: administrators
-- Ceremony: invitation
-- Arguments:
--   newUserEmail        what he signs in with
--   languagePreference  his language
-- Returns:
--   1: one row; activationCode is good for 7 days and one use, and is shown here and nowhere else
-- Errors:
--   JB402  the company has as many users as its plan allows
--   JB403  there is no key to give; or the new user would have a right, or who is invited again a right or a team, that the
--          caller has not
--   JB409  the e-mail is in use, in this or another company
--   JB503  the user was removed during the call
-- Rules:
--   An e-mail belongs to one user in the whole system.
--   A new user is of group Users, a member of no team, and inactive.
--   Nobody makes a user who may more than he: a group of the company's own needs, beside this, all that group Users may.
--   Who has let his invitation expire, or used up its tries, may be invited again.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_user   data.company_user;
begin
    perform auth.require_keys(v_caller, (p_invitation_material).user_uuid);

    -- Locked, so that a code that is just being used is not replaced.
    select person.*
    into v_user
    from data.company_user as person
    join data.invitation as invitation on invitation.company_id = person.company_id and invitation.user_id = person.user_id
    where person.company_id = v_caller.company_id
      and person.email = p_new_user_email
      and person.removed_time is null
      and (invitation.expires_time <= v_now or invitation.tries >= 10)
    for update;

    if found then
        perform auth.require_invitable(v_caller, v_user, p_invitation_material);
        update data.company_user as person
        set preferred_language = coalesce(p_language_preference, person.preferred_language)
        where person.company_id = v_user.company_id
          and person.user_id = v_user.user_id;
        perform data.store_invitation(v_user.company_id, v_user.user_id, p_invitation_material, v_now);
    else
        perform auth.require_users_rights(v_caller, p_new_user_email);
        perform auth.require_room(v_caller, 'users');
        perform data.make_user(
            v_caller.company_id, p_new_user_email, 'Users', p_language_preference, p_invitation_material, v_now);
    end if;
    perform auth.audit(v_caller, v_now, 'Created', 'User', (p_invitation_material).user_uuid, p_new_user_email,
        case when v_user.user_id is null then 'invited' else 'invited again' end);

    return query
    select p_new_user_email::text, format('user %s invited', p_new_user_email), p_language_preference::text,
           null::data.revealed, v_caller.actor;
end;
$$;
