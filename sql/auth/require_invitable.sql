create or replace function auth.require_invitable(
    p_caller     auth.caller,
    p_user       data.company_user,
    p_invitation data.invitation_material)
returns void
language plpgsql stable set search_path = ''
as $$
-- Before a user is given a new code. Who has the code becomes that user, so nobody may win rights by inviting.
--
-- Errors:
--   JB403  the user has a right or a team that the caller has not
--   JB503  the code is bound to another user than the one that has the e-mail now
begin
    if not auth.holds_rights(p_caller, p_user.permission_group, p_user.group_id)
       or not auth.is_administrator(p_caller) and exists (
           select from data.team_member as his
           where his.company_id = p_user.company_id
             and his.user_id = p_user.user_id
             and not exists (
                 select from data.team_member as own
                 where own.company_id = his.company_id
                   and own.team_id = his.team_id
                   and own.user_id = p_caller.user_id)) then
        raise exception using errcode = 'JB403', message = format('only an administrator may invite %s again', p_user.email);
    elsif p_user.user_uuid <> p_invitation.user_uuid then
        raise exception using errcode = 'JB503', message = format('user %s was removed during the call: repeat it', p_user.email);
    end if;
end;
$$;
