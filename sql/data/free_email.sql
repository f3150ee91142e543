create or replace function data.free_email(p_email data.email, p_time timestamptz)
returns void
language plpgsql volatile set search_path = ''
as $$
-- Take an e-mail back from the first user of a company that never came to life, once his code cannot be used any more: nobody
-- else could invite him again, and the e-mail would be lost for ever. The company holds nothing and stays without a user.
declare
    v_company_id bigint;
    v_user_id    bigint;
begin
    -- Locked with its invitation: somebody may be using the code right now.
    select person.company_id, person.user_id
    into v_company_id, v_user_id
    from data.email_address as address
    join data.company as company on company.company_id = address.company_id
    join data.company_user as person on person.company_id = address.company_id and person.user_id = address.user_id
    join data.invitation as invitation on invitation.company_id = person.company_id and invitation.user_id = person.user_id
    where address.email = p_email
      and company.activated_time is null
      and (invitation.expires_time <= p_time or invitation.tries >= 10)
    for update of person, invitation;

    if found then
        perform data.remove_user(v_company_id, v_user_id, p_time);
    end if;
end;
$$;
