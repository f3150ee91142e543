create or replace function data.remove_user(p_company_id bigint, p_user_id bigint, p_time timestamptz)
returns integer
language plpgsql volatile set search_path = ''
as $$
-- Remove a user: grants, sessions, invitation, memberships, second factor, notifications, vault, and the way from his e-mail to
-- him. What is left is a row that says who did what he did; his e-mail is free for others.
--
-- Returns:
--   how many sessions have ended
declare
    v_vault_record_id bigint;
begin
    select person.vault_record_id
    into v_vault_record_id
    from data.company_user as person
    where person.company_id = p_company_id
      and person.user_id = p_user_id;

    perform data.forget_password(p_company_id, p_user_id);

    delete from data.team_member as member
    where member.company_id = p_company_id
      and member.user_id = p_user_id;

    delete from data.notification as notification
    where notification.company_id = p_company_id
      and notification.user_id = p_user_id;

    delete from data.email_address as address
    where address.company_id = p_company_id
      and address.user_id = p_user_id;

    -- Deactivated as well: no session that a call under way may still open is ever good.
    update data.company_user as person
    set removed_time = p_time,
        deactivated_time = coalesce(person.deactivated_time, p_time),
        group_id = null,
        vault_record_id = null
    where person.company_id = p_company_id
      and person.user_id = p_user_id;

    delete from data.vault_record as stored
    where stored.company_id = p_company_id
      and stored.vault_record_id = v_vault_record_id;

    return data.end_sessions(p_company_id, p_user_id);
end;
$$;
