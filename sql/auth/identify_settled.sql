create or replace function auth.identify_settled()
returns auth.caller
language plpgsql volatile set search_path = ''
as $$
-- Who is calling, for what the broker asks before a call: answers that a session without its second factor must not get, and
-- nothing may be learnt from refusals either.
--
-- Errors:
--   JB401  as auth.identify
--   JB403  the session awaits its second factor
declare
    v_caller auth.caller := auth.identify();
begin
    if v_caller.awaits_code then
        raise exception using errcode = 'JB403',
            message = 'this session awaits its second factor: call PrivilegeAuthenticationRequest with the code';
    end if;
    return v_caller;
end;
$$;
