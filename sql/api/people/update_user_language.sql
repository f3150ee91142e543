create or replace function api.update_user_language(p_preferred_language data.entity_name)
returns table (
    user_email         text,
    preferred_language text,
    result             text)
language plpgsql volatile security definer set search_path = ''
as $$
-- Say in which language one wants to be addressed; clients read it when one signs in.
--
-- Callers: sessions
-- Arguments:
--   preferredLanguage  the caller's, such as en or de
-- Returns:
--   1: the caller, one row
#variable_conflict use_column
declare
    v_caller auth.caller := auth.enter_call();
    v_now    timestamptz := data.clock();
    v_user   data.company_user;
begin
    update data.company_user as person
    set preferred_language = p_preferred_language
    where person.company_id = v_caller.company_id
      and person.user_id = v_caller.user_id
    returning person.* into v_user;
    perform auth.audit(v_caller, v_now, 'Updated', 'User', v_user.user_uuid, v_user.email,
        format('preferred language %s', p_preferred_language));

    return query
    select v_user.email::text, p_preferred_language::text, format('preferred language is %s', p_preferred_language);
end;
$$;
