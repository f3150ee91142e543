create or replace function api.get_company_users()
returns table (
    user_email       text,
    activated        boolean,
    vault_version    integer,
    vault_content    data.vault,
    permissions_name text,
    company_name     text,
    team_count       bigint,
    last_active      timestamptz)
language plpgsql volatile security definer set search_path = ''
as $$
-- List the users of the company.
--
-- Callers: users
-- Returns:
--   1: the users by e-mail; activated is false before the first activation and while a user is deactivated; vaultContent is
--      one's own, administrators see everybody's; lastActive is when a session of the user was last opened or used
-- Rules:
--   Every user may see who else is in the company.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_all    boolean := auth.is_administrator(v_caller);
begin
    return query
    select person.email::text, person.activated_time is not null and person.deactivated_time is null,
           coalesce(stored.version, 1),
           case when v_all or person.user_id = v_caller.user_id then data.vault_of(stored) end,
           coalesce(own.group_name::text, person.permission_group::text), company.company_name::text,
           (select count(*)
            from data.team_member as member
            where member.company_id = person.company_id
              and member.user_id = person.user_id),
           greatest(person.last_sign_in_time, (
               select max(token.last_used_time)
               from data.token as token
               where token.company_id = person.company_id
                 and token.user_id = person.user_id))
    from data.company_user as person
    join data.company as company on company.company_id = person.company_id
    left join data.rights_group as own on own.company_id = person.company_id and own.group_id = person.group_id
    left join data.vault_record as stored
        on stored.company_id = person.company_id and stored.vault_record_id = person.vault_record_id
    where person.company_id = v_caller.company_id
      and person.removed_time is null
    order by person.email;
end;
$$;
