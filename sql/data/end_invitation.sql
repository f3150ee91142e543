create or replace function data.end_invitation(p_company_id bigint, p_user_id bigint, p_user_uuid uuid)
returns void
language plpgsql volatile set search_path = ''
as $$
-- End a user's invitation: it was used, or nobody shall use it; its code opens nothing any more.
begin
    perform data.store_grants(p_company_id, 'invitation', p_user_uuid, '{}');

    delete from data.invitation as invitation
    where invitation.company_id = p_company_id
      and invitation.user_id = p_user_id;
end;
$$;
