create or replace function keyring.own_password(p_is_tried boolean)
returns table (
    user_uuid           uuid,
    argon2_salt         bytea,
    argon2_memory_kib   integer,
    argon2_iterations   integer,
    argon2_lanes        integer,
    instance_key_number integer,
    verifier            bytea)
language plpgsql volatile security definer set search_path = ''
as $$
-- What the caller's own password is tried on, before a call that needs it.
--
-- Arguments:
--   is_tried  a password is about to be derived from, which costs much
-- Returns:
--   one row; none when the caller is no user, or his session awaits its second factor: the call that follows says so
-- Errors:
--   JB401  the token is not good
--   JB429  there were too many wrong ones before
#variable_conflict use_column
declare
    v_caller auth.caller := auth.identify();
begin
    if p_is_tried and v_caller.user_id is not null then
        perform auth.require_no_brake(v_caller.actor, data.clock());
    end if;

    return query
    select person.user_uuid, person.argon2_salt, person.argon2_memory_kib, person.argon2_iterations, person.argon2_lanes,
           person.instance_key_number, person.verifier::bytea
    from data.company_user as person
    where person.company_id = v_caller.company_id
      and person.user_id = v_caller.user_id
      and v_caller.awaits_code is not true;
end;
$$;
