create or replace function data.store_invitation(
    p_company_id bigint,
    p_user_id    bigint,
    p_invitation data.invitation_material,
    p_time       timestamptz)
returns void
language plpgsql volatile set search_path = ''
as $$
-- Invite a user: for 7 days a code lets him set a password and opens the company's key for him.
begin
    delete from data.invitation as invitation
    where invitation.company_id = p_company_id
      and invitation.user_id = p_user_id;

    insert into data.invitation (company_id, user_id, verifier, instance_key_number, expires_time)
    values (p_company_id, p_user_id, p_invitation.verifier, p_invitation.instance_key_number, p_time + interval '7 days');

    perform data.store_grants(p_company_id, 'invitation', p_invitation.user_uuid, p_invitation.grants);
end;
$$;
