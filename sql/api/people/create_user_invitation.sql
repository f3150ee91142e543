create or replace function api.create_user_invitation(
    p_user_email          text,
    p_invitation_material data.invitation_material)
returns table (
    user_email      text,
    result          text,
    activation_code data.revealed)
language plpgsql volatile security definer set search_path = ''
as $$
-- Invite a user again who has forgotten his password, lost his second factor, or let his code expire.
--
-- Callers: administrators
-- Ceremony: invitation
-- Arguments:
--   userEmail  a user of the company, active, deactivated or never activated
-- Returns:
--   1: one row; activationCode is good for 7 days and one use, and is shown here and nowhere else
-- Errors:
--   JB403  there is no key to give, or the user has a right or a team that the caller has not
--   JB404  the company has no such user
--   JB409  the caller himself, or the last administrator
--   JB503  the user was removed or made anew during the call
-- Rules:
--   His sessions, his password and his second factor end at once, and the code that he had; a deactivation too.
--   He stays who he is: teams, rights and vault are there when he has activated his account.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_user   data.company_user;
    v_ended  integer;
begin
    perform auth.require_keys(v_caller, (p_invitation_material).user_uuid);
    v_user := auth.require_another_user(v_caller, p_user_email);
    perform auth.require_invitable(v_caller, v_user, p_invitation_material);

    v_ended := data.end_sessions(v_user.company_id, v_user.user_id);
    perform data.forget_password(v_user.company_id, v_user.user_id);
    update data.company_user as person
    set deactivated_time = null
    where person.company_id = v_user.company_id
      and person.user_id = v_user.user_id;
    perform data.store_invitation(v_user.company_id, v_user.user_id, p_invitation_material, v_now);
    perform auth.audit(v_caller, v_now, 'Invited', 'User', v_user.user_uuid, v_user.email, format('%s sessions ended', v_ended));

    return query
    select v_user.email::text, format('user %s invited', v_user.email), null::data.revealed;
end;
$$;
