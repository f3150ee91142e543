create or replace function auth.accept_code(p_user data.company_user, p_code data.code_material)
returns boolean
language plpgsql volatile set search_path = ''
as $$
-- Whether a code is the user's second factor; a code works once. The caller has locked the user.
--
-- Rules:
--   Of two codes within the tolerance the later one ends the earlier.
begin
    -- The secret may have been changed since the broker tried the code on it.
    if (p_code).totp_secret is distinct from p_user.totp_secret then
        return false;
    end if;

    if (p_code).recovery_hash is not null then
        delete from data.totp_recovery_code as kept
        where kept.company_id = p_user.company_id
          and kept.user_id = p_user.user_id
          and kept.code_hash = (p_code).recovery_hash;
        return found;
    end if;

    if (p_code).step > coalesce(p_user.totp_step, 0) then
        update data.company_user as person
        set totp_step = (p_code).step
        where person.company_id = p_user.company_id
          and person.user_id = p_user.user_id;
        return true;
    end if;
    return false;
end;
$$;
