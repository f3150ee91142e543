create or replace function data.make_user(
    p_company_id       bigint,
    p_email            data.email,
    p_permission_group data.permission_group,
    p_language         text,
    p_invitation       data.invitation_material,
    p_time             timestamptz)
returns bigint
language plpgsql volatile set search_path = ''
as $$
-- Make a user, invited to set a password.
--
-- Returns:
--   his user_id
-- Errors:
--   JB409  the e-mail is in use, in this or another company
declare
    v_user_id bigint;
begin
    insert into data.company_user (company_id, user_uuid, email, permission_group, preferred_language, created_time)
    values (p_company_id, p_invitation.user_uuid, p_email, p_permission_group, p_language, p_time)
    on conflict do nothing                      -- an invitation for a user who exists brings the uuid that he has
    returning user_id into v_user_id;
    if found then
        insert into data.email_address (email, company_id, user_id)
        values (p_email, p_company_id, v_user_id)
        on conflict do nothing;
    end if;
    if not found then
        raise exception using errcode = 'JB409', message = format('the e-mail %s is in use already', p_email);
    end if;

    perform data.store_invitation(p_company_id, v_user_id, p_invitation, p_time);
    return v_user_id;
end;
$$;
