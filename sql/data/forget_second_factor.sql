create or replace function data.forget_second_factor(p_company_id bigint, p_user_id bigint)
returns void
language sql volatile set search_path = ''
as $$
-- Take the second factor from a user; his password alone signs him in from now on.
delete from data.totp_recovery_code as code
where code.company_id = p_company_id
  and code.user_id = p_user_id;

update data.company_user as person
set totp_secret = null,
    totp_key_number = null,
    totp_step = null,
    totp_enabled_time = null
where person.company_id = p_company_id
  and person.user_id = p_user_id;
$$;
