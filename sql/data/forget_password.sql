create or replace function data.forget_password(p_company_id bigint, p_user_id bigint)
returns void
language plpgsql volatile set search_path = ''
as $$
-- Forget a user's password, the keys that it opened, the codes that could set one, and his second factor.
declare
    v_user_uuid uuid;
begin
    update data.company_user as person
    set argon2_salt = null,
        argon2_memory_kib = null,
        argon2_iterations = null,
        argon2_lanes = null,
        instance_key_number = null,
        verifier = null,
        activated_time = null
    where person.company_id = p_company_id
      and person.user_id = p_user_id
    returning person.user_uuid into v_user_uuid;

    perform data.store_grants(p_company_id, 'user', v_user_uuid, '{}');
    perform data.end_invitation(p_company_id, p_user_id, v_user_uuid);
    perform data.forget_second_factor(p_company_id, p_user_id);
end;
$$;
