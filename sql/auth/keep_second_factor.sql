create or replace function auth.keep_second_factor(
    p_user data.company_user,
    p_new  data.second_factor_material,
    p_time timestamptz)
returns void
language plpgsql volatile set search_path = ''
as $$
-- Keep a user's new second factor with its recovery codes; null removes what there is. The caller has locked the user.
begin
    update data.company_user as person
    set totp_secret = (p_new).new_secret,
        totp_key_number = (p_new).new_key_number,
        totp_step = null,
        totp_enabled_time = case when (p_new).new_secret is not null then p_time end
    where person.company_id = p_user.company_id
      and person.user_id = p_user.user_id;

    delete from data.totp_recovery_code as kept
    where kept.company_id = p_user.company_id
      and kept.user_id = p_user.user_id;

    insert into data.totp_recovery_code (company_id, user_id, code_hash)
    select p_user.company_id, p_user.user_id, made.code_hash
    from unnest((p_new).recovery_hashes) as made (code_hash);
end;
$$;
