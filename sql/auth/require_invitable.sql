create or replace function auth.require_invitable(
    p_caller     auth.caller,
    p_user       data.company_user,
    p_invitation data.invitation_material)
returns void
language plpgsql immutable set search_path = ''
as $$
-- Before a user is given a new code. Who has the code becomes that user, so nobody may win rights by inviting.
--
-- Errors:
--   JB403  the user has other rights than group Users, and the caller is no administrator
--   JB503  the code is bound to another user than the one that has the e-mail now
begin
    if (p_user.permission_group = 'Administrators' or p_user.group_id is not null)
       and not (p_caller.permission_group = 'Administrators' and p_caller.permissions is null) then
        raise exception using errcode = 'JB403', message = format('only an administrator may invite %s again', p_user.email);
    elsif p_user.user_uuid <> p_invitation.user_uuid then
        raise exception using errcode = 'JB503', message = format('user %s was removed during the call: repeat it', p_user.email);
    end if;
end;
$$;
