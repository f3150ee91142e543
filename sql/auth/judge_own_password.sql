create or replace function auth.judge_own_password(
    p_caller auth.caller, p_shown data.own_password_material, p_time timestamptz)
returns text
language plpgsql volatile set search_path = ''
as $$
-- Whether the caller is who signed in, and not somebody at his open screen or with his token: he shows his password, or his
-- session was opened with it a moment ago, with all his rights: who was given a lesser one must not win the rest.
--
-- Returns:
--   null, or the sentence with which to refuse
-- Errors:
--   JB429  there were too many wrong ones before
--   JB503  the password was changed during the call
-- Rules:
--   A wrong password is counted, so the refusal must not raise.
--   The caller's row is locked until the transaction ends.
declare
    v_user  data.company_user;
    c_young constant interval := interval '10 minutes';
begin
    select person.*
    into v_user
    from data.company_user as person
    where person.company_id = p_caller.company_id
      and person.user_id = p_caller.user_id
    for update;

    if p_shown.argon2_salt is null then
        return case when not exists (
            select from data.token as token
            where token.company_id = p_caller.company_id
              and token.token_id = p_caller.token_id
              and token.parent_token_id is null
              and token.password_shown_time is not null
              and token.created_time > p_time - c_young)
            then 'the current password is needed in currentUserHash: this session was not opened by password in the last 10 minutes'
        end;
    end if;

    perform auth.require_no_brake(v_user.email, p_time);
    if v_user.argon2_salt is distinct from p_shown.argon2_salt then
        raise exception using errcode = 'JB503', message = 'the password was changed during the call: repeat it';
    end if;
    if v_user.verifier is distinct from sha256(p_shown.proof) then
        perform auth.count_failure(v_user.email, p_time);
        return 'the current password is wrong';
    end if;
    return null;
end;
$$;
