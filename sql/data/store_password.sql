create or replace function data.store_password(
    p_company_id bigint,
    p_user_id    bigint,
    p_password   data.password_material,
    p_time       timestamptz)
returns void
language plpgsql volatile set search_path = ''
as $$
-- Keep what a password is recognised by, and the keys that only it opens. An account with a password is active.
declare
    v_user_uuid uuid;
begin
    update data.company_user as person
    set argon2_salt = p_password.argon2_salt,
        argon2_memory_kib = p_password.argon2_memory_kib,
        argon2_iterations = p_password.argon2_iterations,
        argon2_lanes = p_password.argon2_lanes,
        instance_key_number = p_password.instance_key_number,
        verifier = p_password.verifier,
        activated_time = coalesce(person.activated_time, p_time)
    where person.company_id = p_company_id
      and person.user_id = p_user_id
    returning person.user_uuid into v_user_uuid;

    perform data.store_grants(p_company_id, 'user', v_user_uuid, p_password.grants, p_password.principal);
end;
$$;
