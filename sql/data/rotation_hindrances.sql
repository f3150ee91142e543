create or replace function data.rotation_hindrances(p_company_id bigint, p_key_version integer)
returns data.rotation_hindrance[]
language plpgsql stable set search_path = ''
as $$
-- Who would be left without a key if the versions before this one ended now: at most 100.
begin
    return array(
        select row(
            case lacking.holder_kind
                when 'user' then 'User'
                when 'invitation' then 'Invitation'
                when 'recovery' then 'RecoveryCode'
                when 'agent' then 'AgentToken'
                else 'Session'
            end,
            coalesce(person.email, token.token_name, company.company_name),
            case lacking.holder_kind
                when 'user' then 'sign in once, or be invited again'
                when 'invitation' then 'be activated, invited again or removed'
                when 'recovery' then 'make a new recovery code'
                when 'agent' then 'make a new token and delete this one'
                else 'is given the key by the next call'
            end)::data.rotation_hindrance
        from data.holders_without(p_company_id, p_key_version) as lacking
        left join data.company_user as person
            on person.company_id = p_company_id and person.user_uuid = lacking.holder_id
               and lacking.holder_kind in ('user', 'invitation')
        left join data.token as token
            on token.company_id = p_company_id and token.token_id = lacking.holder_id
               and lacking.holder_kind in ('session', 'agent')
        left join data.company as company
            on company.company_id = p_company_id and company.company_uuid = lacking.holder_id
               and lacking.holder_kind = 'recovery'
        order by 1
        limit 100);
end;
$$;
