create or replace function keyring.holders_without(p_key_version integer, p_limit integer)
returns table (
    holder_kind   text,
    holder_id     uuid,
    machine_uuids uuid[],
    team_uuids    uuid[],
    principal     bytea)
language plpgsql volatile security definer set search_path = ''
as $$
-- To whom keys of this version have to be given, and the key pairs that they are sealed to. Invitations have none: nobody
-- but who has the code can open them.
#variable_conflict use_column
declare
    v_caller auth.caller := auth.identify_settled();
begin
    return query
    select lacking.holder_kind, lacking.holder_id, lacking.machine_uuids, lacking.team_uuids,
           data.principal_of(v_caller.company_id, lacking.holder_kind, lacking.holder_id)
    from data.holders_without(p_company_id => v_caller.company_id, p_key_version => p_key_version) as lacking
    where lacking.holder_kind <> 'invitation'
    order by lacking.holder_kind <> 'session' or lacking.holder_id <> v_caller.token_id, lacking.holder_kind desc, lacking.holder_id
    limit p_limit;
end;
$$;
