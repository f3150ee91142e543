create or replace function auth.require_other_administrator(p_caller auth.caller, p_user data.company_user)
returns void
language plpgsql volatile set search_path = ''
as $$
-- Call this before a user loses the group Administrators, is deactivated or is removed: somebody else must be left.
--
-- Arguments:
--   user  as the caller has locked him
-- Errors:
--   JB409  he is the last active administrator
-- Rules:
--   Of two administrators who would leave at once, the second waits here, and then finds nobody else.
begin
    if p_user.permission_group <> 'Administrators' or p_user.activated_time is null or p_user.deactivated_time is not null
       or p_user.removed_time is not null then
        return;
    end if;

    perform from data.company as company
    where company.company_id = p_caller.company_id
    for no key update;

    -- Read after the lock, so as it is now.
    perform from data.company_user as other
    where other.company_id = p_caller.company_id
      and other.user_id <> p_user.user_id
      and other.permission_group = 'Administrators'
      and other.activated_time is not null
      and other.deactivated_time is null
      and other.removed_time is null;
    if not found then
        raise exception using errcode = 'JB409', message = format(
            'user %s is the last active administrator: make another one first', p_user.email);
    end if;
end;
$$;
