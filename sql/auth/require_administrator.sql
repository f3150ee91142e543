create or replace function auth.require_administrator(p_caller auth.caller, p_deed text)
returns void
language plpgsql immutable set search_path = ''
as $$
-- Refuse who has a procedure's permission by a group of the company's own, where that would be enough to win all others.
--
-- Arguments:
--   deed  what the procedure does, after "may"
-- Errors:
--   JB403  the caller is no administrator
begin
    if not auth.is_administrator(p_caller) then
        raise exception using errcode = 'JB403', message = format('only an administrator may %s', p_deed);
    end if;
end;
$$;
