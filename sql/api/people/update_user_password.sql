create or replace function api.update_user_password(
    p_current_material    data.own_password_material,
    p_password_material   data.password_material,
    p_user_new_pass       data.secret default null,
    p_new_user_hash       data.secret default null,
    p_current_user_hash   data.secret default null,
    out accounts          data.changed_account[],
    out refused_status    integer,
    out refused_message   text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Change one's own password.
--
-- Callers: sessions
-- Ceremony: password_change
-- Arguments:
--   userNewPass      the new password as typed, or
--   newUserHash      the same as clients hash it: 0x and 64 hexadecimal digits
--   currentUserHash  the current password, hashed likewise; a session opened by password in the last 10
--                    minutes, with all the user's rights, needs none
-- Returns:
--   1: the user, one row
-- Errors:
--   JB400  neither userNewPass nor newUserHash, both, or one that is malformed
--   JB403  the current password is wrong, or needed and missing
--   JB429  there were too many wrong passwords before
--   JB503  the password or the company's keys were changed during the call
-- Rules:
--   The user's other sessions end at once, those opened from this one too; this one stays.
--   A wrong current password is counted as a failed sign-in.
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_user   data.company_user;
    v_ended  integer;
begin
    perform auth.require_keys(v_caller, v_caller.token_id);

    refused_message := auth.judge_own_password(v_caller, p_current_material, v_now);
    if refused_message is not null then
        refused_status := 403;
        return;
    end if;

    select person.*
    into v_user
    from data.company_user as person
    where person.company_id = v_caller.company_id
      and person.user_id = v_caller.user_id;

    perform auth.require_all_keys(v_user.company_id, 'user', v_user.user_uuid, p_password_material.grants);
    perform data.store_password(v_user.company_id, v_user.user_id, p_password_material, v_now);
    v_ended := data.end_sessions(v_user.company_id, v_user.user_id, v_caller.token_id);
    perform auth.audit(v_caller, v_now, 'PasswordChanged', 'User', v_user.user_uuid, v_user.email,
        format('%s other sessions ended', v_ended));

    accounts := array[row(v_user.email, 'password changed')::data.changed_account];
end;
$$;
