create or replace function keyring.entity_target(p_caller auth.caller, p_target text, p_arguments jsonb)
returns data.vault_target
language plpgsql stable security definer set search_path = ''
as $$
-- The same for the vault of a team, region, bridge, machine: sealed under the company's scope key.
declare
    v_target data.vault_target;
begin
    v_target := row('company', p_caller.company_uuid, regexp_replace(p_target, '^new_', ''), null, 0);
    if p_target not in ('new_team', 'new_region', 'new_bridge', 'new_machine') then
        raise exception 'a procedure names an unknown target: Seals: ... %', p_target;
    end if;
    return v_target;
end;
$$;
