create or replace function data.store_recovery(
    p_company_id   bigint,
    p_company_uuid uuid,
    p_recovery     data.recovery_material,
    p_time         timestamptz)
returns void
language plpgsql volatile set search_path = ''
as $$
-- Keep what a company's recovery code is recognised by, and the keys that it opens; the code before it is dead.
begin
    insert into data.recovery (company_id, verifier, created_time)
    values (p_company_id, p_recovery.verifier, p_time)
    on conflict (company_id) do update
    set verifier = excluded.verifier,
        tries = 0,
        created_time = excluded.created_time;

    perform data.store_grants(p_company_id, 'recovery', p_company_uuid, p_recovery.grants, p_recovery.principal);
end;
$$;
