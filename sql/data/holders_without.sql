create or replace function data.holders_without(p_company_id bigint, p_key_version integer)
returns table (
    holder_kind   text,
    holder_id     uuid,
    machine_uuids uuid[],
    team_uuids    uuid[])
language plpgsql stable set search_path = ''
as $$
-- Who holds keys of older versions and lacks one of this version, or has a key pair for which only an older one vouches.
--
-- Returns:
--   machine_uuids, team_uuids  of an agent: the machines and the teams whose keys it lacks
begin
    return query
    select lacking.holder_kind, lacking.holder_id,
           array_agg(lacking.key_id) filter (where lacking.key_kind = 'machine'),
           array_agg(lacking.key_id) filter (where lacking.key_kind = 'team')
    from (
        select older.holder_kind, older.holder_id, older.key_kind, older.key_id
        from data.held_key as older
        where older.company_id = p_company_id
          and older.key_version < p_key_version
          and not exists (
              select from data.held_key as held
              where held.company_id = older.company_id
                and held.holder_kind = older.holder_kind
                and held.holder_id = older.holder_id
                and held.key_kind = older.key_kind
                and held.key_id = older.key_id
                and held.key_version = p_key_version)
        union
        select principal.holder_kind, principal.holder_id, null, null
        from data.principal_key as principal
        where principal.company_id = p_company_id
          and principal.key_version < p_key_version) as lacking
    group by lacking.holder_kind, lacking.holder_id;
end;
$$;
