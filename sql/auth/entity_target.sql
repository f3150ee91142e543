create or replace function auth.entity_target(p_caller auth.caller, p_target text, p_arguments jsonb)
returns data.vault_target
language plpgsql stable set search_path = ''
as $$
-- What the vault of a company, user, team, region, bridge or machine has to be sealed for: the company's scope, and the
-- entity's uuid, which the broker makes for a new one.
--
-- Errors:
--   JB403, JB404  as the calls that update the vault
declare
    v_target   data.vault_target;
    v_owner_id uuid;
    v_kind     text := replace(p_target, 'new_', '');
begin
    case p_target
        when 'company' then
            v_owner_id := p_caller.company_uuid;
        when 'user' then
            select person.user_uuid
            into v_owner_id
            from data.company_user as person
            where person.company_id = p_caller.company_id
              and person.user_id = p_caller.user_id;
        when 'team' then
            v_owner_id := (auth.require_team(p_caller, p_arguments ->> 'teamName')).team_uuid;
        when 'region' then
            v_owner_id := (auth.require_region(p_caller, p_arguments ->> 'regionName')).region_uuid;
        when 'bridge' then
            v_owner_id := (auth.require_bridge(p_caller, p_arguments ->> 'bridgeName')).bridge_uuid;
        when 'machine' then
            v_owner_id := (auth.require_machine(
                p_caller, p_arguments ->> 'machineName', p_arguments ->> 'teamName')).machine_uuid;
        when 'entity' then
            -- One that is not there is for the procedure to refuse, which says first who may call it.
            select lower(entity.entity_type), entity.entity_uuid
            into v_kind, v_owner_id
            from auth.entities_of(p_caller.company_id) as entity
            where entity.entity_uuid = (p_arguments ->> 'credential')::uuid;
        when 'new_team', 'new_region', 'new_bridge', 'new_machine' then
            null;
        else
            raise exception 'a procedure names an unknown target: Seals: ... %', p_target;
    end case;
    v_target := row('company', p_caller.company_uuid, coalesce(v_kind, p_target), v_owner_id, 0);
    return v_target;
end;
$$;
